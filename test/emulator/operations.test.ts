import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'undici';
import type { SeenRequest } from '../../src/emulator/server.ts';
import { until } from '../support/until.ts';
import {
  collectionPath,
  createManualClock,
  openRaw,
  rawRequest,
  startTestEmulator,
  type TestEmulator,
} from './emulatorHarness.ts';

describe('operations', () => {
  const page: object = JSON.parse(
    readFileSync(new URL('../fixtures/graph/addRequest.json', import.meta.url), 'utf8'),
  );
  const newId = '0c65e46a-e46a-0c65-6ae4-650c6ae4650c';

  let graph: TestEmulator;

  beforeEach(async () => {
    graph = await startTestEmulator({ generation: 'reference-page', newId: () => newId });
  });

  afterEach(() => graph.close());

  const context = () =>
    `${graph.baseUrl}/beta/$metadata#deviceManagement/complianceManagementPartners/$entity`;
  const rowPath = `${collectionPath}/${newId}`;

  describe('an add', () => {
    it("gives the reference page's row back as it was posted, but for the state that is none", async () => {
      const body = { ...page, partnerState: 'unavailable' };
      const answer = await graph.ask('POST', collectionPath, body);
      expect(answer.status).toBe(201);
      expect(answer.headers['location']).toBe(`${graph.baseUrl}${collectionPath}('${newId}')`);
      const list = [{ '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment' }];
      const target = { '@odata.type': '#microsoft.graph.allLicensedUsersAssignmentTarget' };
      expect(answer.json).toEqual({
        ...body,
        '@odata.context': context(),
        id: newId,
        lastHeartbeatDateTime: '2016-12-31T23:56:56.7799755+03:00',
        macOsEnrollmentAssignments: [{ ...list[0], target }],
        windowsEnrollmentAssignments: list,
        androidEnrollmentAssignments: list,
        iosEnrollmentAssignments: list,
      });
      expect(Object.keys(answer.json ?? {}).slice(0, 3)).toEqual([
        '@odata.context',
        '@odata.type',
        'id',
      ]);
      expect((await graph.ask('GET', rowPath)).json).toEqual(answer.json);
    });

    it('fills in what is left out', async () => {
      const answer = await graph.ask('POST', collectionPath, {});
      expect(answer.json).toEqual({
        '@odata.context': context(),
        '@odata.type': '#microsoft.graph.complianceManagementPartner',
        id: newId,
        lastHeartbeatDateTime: '0001-01-01T00:00:00Z',
        partnerState: 'unknown',
        displayName: null,
        macOsOnboarded: false,
        windowsOnboarded: false,
        androidOnboarded: false,
        iosOnboarded: false,
        macOsEnrollmentAssignments: [],
        windowsEnrollmentAssignments: [],
        androidEnrollmentAssignments: [],
        iosEnrollmentAssignments: [],
      });
    });

    it('keeps null where null is legal, apart from empty and from absent', async () => {
      const { json } = await graph.ask('POST', collectionPath, {
        displayName: null,
        iosEnrollmentAssignments: [{ target: null }, {}],
      });
      const odataType = { '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment' };
      expect(json).toMatchObject({ displayName: null, androidEnrollmentAssignments: [] });
      expect(json?.['iosEnrollmentAssignments']).toEqual([
        { ...odataType, target: null },
        odataType,
      ]);
    });

    it('honours a free id and refuses one that is taken, in any case', async () => {
      const first = await graph.ask('POST', collectionPath, { id: 'Mine' });
      expect([first.status, first.json?.['id']]).toEqual([201, 'Mine']);
      const second = await graph.ask('POST', collectionPath, { id: 'mINE', displayName: 'Fleet' });
      expect(second.status).toBe(409);
      expect(second.json).toHaveProperty('error.code', 'Conflict');
      expect(graph.partners().map(({ displayName }) => displayName)).toEqual([null]);
    });

    it.each(["it's", 'a/b', 'Ünïcode €', '%'])(
      'can be found under its Location for %s',
      async (id) => {
        const { headers } = await graph.ask('POST', collectionPath, { id });
        const path = String(headers['location']).slice(graph.baseUrl.length);
        expect((await graph.ask('GET', path)).json).toHaveProperty('id', id);
      },
    );

    it.each(['', '\ud800'])('refuses the id %j, which no path can name', async (id) => {
      const body = JSON.stringify({ id });
      expect((await graph.ask('POST', collectionPath, body)).status).toBe(400);
      expect(graph.partners()).toEqual([]);
    });
  });

  describe('an update', () => {
    beforeEach(async () => {
      await graph.ask('POST', collectionPath, { ...page, partnerState: 'enabled' });
    });

    it('changes what is given, replaces lists and leaves the rest', async () => {
      const before = await graph.ask('GET', rowPath);
      const answer = await graph.ask('PATCH', rowPath, {
        displayName: null,
        macOsEnrollmentAssignments: [],
        lastHeartbeatDateTime: '2020-02-29T00:00:00Z',
      });
      expect(answer.status).toBe(200);
      expect(answer.json).toEqual({
        ...before.json,
        displayName: null,
        macOsEnrollmentAssignments: [],
        lastHeartbeatDateTime: '2020-02-29T00:00:00Z',
      });
      expect((await graph.ask('GET', rowPath)).json).toEqual(answer.json);
    });

    it('takes the id of the row and refuses any other', async () => {
      expect((await graph.ask('PATCH', rowPath, { id: newId.toUpperCase() })).json).toHaveProperty(
        'id',
        newId,
      );
      const answer = await graph.ask('PATCH', rowPath, { id: 'other', displayName: 'changed' });
      expect(answer.status).toBe(400);
      expect(graph.partners()[0]).toMatchObject({ id: newId, displayName: 'Display Name value' });
    });

    it('changes nothing when one property is wrong', async () => {
      const body = { displayName: 'changed', partnerState: 'String' };
      expect((await graph.ask('PATCH', rowPath, body)).status).toBe(400);
      expect(graph.partners()[0]).toMatchObject({ displayName: 'Display Name value' });
    });
  });
});

describe('refusals', () => {
  let today: TestEmulator;

  beforeAll(async () => {
    today = await startTestEmulator({ seed: [{ id: 'row' }] });
  });

  afterAll(() => today.close());

  const api = 'microsoft.management.services.api.';
  const group = '#microsoft.graph.groupAssignmentTarget';
  const filters = {
    deviceAndAppManagementAssignmentFilterId: 'f',
    deviceAndAppManagementAssignmentFilterType: 'include',
  };
  const to = (target: unknown) => ({ macOsEnrollmentAssignments: [{ target }] });
  const missing = (property: string, type: string) =>
    `The property '${property}' does not exist on type '${api}${type}'. Make sure to only use property names that are defined by the type.`;
  const noNull = (property: string, type: string) =>
    `A null value was found for the property named '${property}', which has the expected type '${type}[Nullable=False]'. The expected type '${type}[Nullable=False]' does not allow null values.`;
  const notLiteral = (literal: unknown, type: string) =>
    `Cannot convert the literal '${literal}' to the expected type '${type}'.`;
  const node = (found: string, expected: string) =>
    `An unexpected '${found}' node was found when reading from the JSON reader. A '${expected}' node was expected.`;
  const unresolved = (name: string) =>
    `A type named '${name}' could not be resolved by the model. When a model is available, each type name must resolve to a valid type.`;
  const misfit = (name: string, expected: string) =>
    `A value with type name 'microsoft.graph.${name}' was found, which is not assignable to the expected type 'microsoft.graph.${expected}'.`;

  const partner = 'complianceManagementPartner';
  const abstractTarget = 'deviceAndAppManagementAssignmentTarget';
  const state = `${api}deviceManagementPartnerTenantState`;

  describe('a body that does not fit the model', () => {
    it.each<[string, unknown, string]>([
      ['an array', [], node('StartArray', 'StartObject')],
      ['null', 'null', node('PrimitiveValue', 'StartObject')],
      ['a text', '"text"', node('PrimitiveValue', 'StartObject')],
      ['a number', '5', node('PrimitiveValue', 'StartObject')],
      [
        'an unknown property',
        { blackberryOnboarded: true },
        missing('blackberryOnboarded', partner),
      ],
      ['a property in another case', { DisplayName: 'x' }, missing('DisplayName', partner)],
      ['a name from the prototype', { toString: 'x' }, missing('toString', partner)],
      ['the prototype itself', '{"__proto__":{}}', missing('__proto__', partner)],
      [
        'an unknown type',
        { '@odata.type': '#microsoft.graph.nobody' },
        unresolved('microsoft.graph.nobody'),
      ],
      [
        'a type from the prototype',
        { '@odata.type': '#microsoft.graph.constructor' },
        unresolved('microsoft.graph.constructor'),
      ],
      ['a type without namespace', { '@odata.type': partner }, unresolved(partner)],
      ['a type that is null', { '@odata.type': null }, unresolved('null')],
      [
        'a type of another branch',
        { '@odata.type': group },
        misfit('groupAssignmentTarget', partner),
      ],
      ['a flag as text', { iosOnboarded: 'true' }, notLiteral('true', 'Edm.Boolean')],
      ['a flag as number', { iosOnboarded: 1 }, notLiteral(1, 'Edm.Boolean')],
      ['a flag of null', { iosOnboarded: null }, noNull('iosOnboarded', 'Edm.Boolean')],
      ['a flag as object', { iosOnboarded: {} }, node('StartObject', 'PrimitiveValue')],
      ['a name as number', { displayName: 5 }, notLiteral(5, 'Edm.String')],
      ['a name as list', { displayName: ['x'] }, node('StartArray', 'PrimitiveValue')],
      ['an id of null', { id: null }, noNull('id', 'Edm.String')],
      ["the reference page's state", { partnerState: 'String' }, notLiteral('String', state)],
      ['a state in another case', { partnerState: 'Enabled' }, notLiteral('Enabled', state)],
      ['a state by its number', { partnerState: 2 }, notLiteral(2, state)],
      ['a state by its number as text', { partnerState: '2' }, notLiteral('2', state)],
      ['a state from the prototype', { partnerState: 'length' }, notLiteral('length', state)],
      ['a state of null', { partnerState: null }, noNull('partnerState', state)],
      [
        'a time of null',
        { lastHeartbeatDateTime: null },
        noNull('lastHeartbeatDateTime', 'Edm.DateTimeOffset'),
      ],
      ['a time as number', { lastHeartbeatDateTime: 0 }, notLiteral(0, 'Edm.DateTimeOffset')],
      [
        'a time without offset',
        { lastHeartbeatDateTime: '2026-01-01T00:00:00' },
        notLiteral('2026-01-01T00:00:00', 'Edm.DateTimeOffset'),
      ],
      ['a list as object', { macOsEnrollmentAssignments: {} }, node('StartObject', 'StartArray')],
      [
        'a list of null',
        { macOsEnrollmentAssignments: null },
        `A null value was found for the property named 'macOsEnrollmentAssignments', which has the expected type 'Collection(${api}${partner}Assignment)[Nullable=True]'. The expected type 'Collection(${api}${partner}Assignment)[Nullable=True]' cannot be null but it can have null values.`,
      ],
      ['a list as text', { macOsEnrollmentAssignments: 'x' }, node('PrimitiveValue', 'StartArray')],
      [
        'an assignment of null',
        { iosEnrollmentAssignments: [{}, null] },
        node('PrimitiveValue', 'StartObject'),
      ],
      [
        'an assignment of another type',
        { iosEnrollmentAssignments: [{ '@odata.type': group }] },
        misfit('groupAssignmentTarget', `${partner}Assignment`),
      ],
      [
        'a stray property in an assignment',
        { iosEnrollmentAssignments: [{ id: 'x' }] },
        missing('id', `${partner}Assignment`),
      ],
      ['a target as text', to('everyone'), node('PrimitiveValue', 'StartObject')],
      ['a target without its type', to({ groupId: 'g' }), 'Cannot create an abstract class.'],
      [
        'a target of the abstract type',
        to({ '@odata.type': `#microsoft.graph.${abstractTarget}` }),
        'Cannot create an abstract class.',
      ],
      [
        'a target of an unknown type',
        to({ '@odata.type': '#microsoft.graph.everyoneTarget' }),
        unresolved('microsoft.graph.everyoneTarget'),
      ],
      [
        'a target that is a partner',
        to({ '@odata.type': `#microsoft.graph.${partner}` }),
        misfit(partner, abstractTarget),
      ],
      [
        'a group on all users',
        to({ '@odata.type': '#microsoft.graph.allLicensedUsersAssignmentTarget', groupId: 'g' }),
        missing('groupId', 'allLicensedUsersAssignmentTarget'),
      ],
      [
        'a group id as number',
        to({ '@odata.type': group, groupId: 5 }),
        notLiteral(5, 'Edm.String'),
      ],
      [
        'a filter type that is none of the enum',
        to({ '@odata.type': group, deviceAndAppManagementAssignmentFilterType: 'all' }),
        notLiteral('all', `${api}deviceAndAppManagementAssignmentFilterType`),
      ],
      [
        'a filter type of null',
        to({ '@odata.type': group, deviceAndAppManagementAssignmentFilterType: null }),
        noNull(
          'deviceAndAppManagementAssignmentFilterType',
          `${api}deviceAndAppManagementAssignmentFilterType`,
        ),
      ],
    ])('is refused for %s, on add and update alike', async (_what, body, message) => {
      const add = await today.ask('POST', collectionPath, body);
      const update = await today.ask('PATCH', `${collectionPath}/row`, body);
      for (const { status, json } of [add, update]) {
        expect(status).toBe(400);
        expect(json).toMatchObject({
          error: { code: 'ModelValidationFailure', message, innerError: { message } },
        });
      }
      expect(today.partners()).toEqual([{ id: 'row' }]);
    });

    it.each<[string, string | Buffer]>([
      ['empty', ''],
      ['cut off', '{"displayName":'],
      ['no UTF-8', Buffer.from('7b2261223a22ff227d', 'hex')],
    ])('is refused before the model where it is %s', async (_what, body) => {
      const { status, json } = await today.ask('POST', collectionPath, body);
      expect(status).toBe(400);
      expect(json).toMatchObject({
        error: {
          code: 'BadRequest',
          message: expect.stringMatching(/^Unable to read JSON request/),
        },
      });
    });
  });

  describe('what is accepted', () => {
    it.each<[string, object]>([
      ['a type without #', { '@odata.type': `microsoft.graph.${partner}` }],
      ['a target without #', to({ '@odata.type': 'microsoft.graph.allDevicesAssignmentTarget' })],
      [
        'an exclusion group',
        to({ '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget', groupId: 'g' }),
      ],
      ['a group id of null', to({ '@odata.type': group, groupId: null })],
      [
        'a collection',
        to({
          '@odata.type': '#microsoft.graph.configurationManagerCollectionAssignmentTarget',
          collectionId: 'c',
        }),
      ],
      [
        'a filter on everybody',
        to({ '@odata.type': '#microsoft.graph.allLicensedUsersAssignmentTarget', ...filters }),
      ],
      ...['unknown', 'unavailable', 'enabled', 'terminated', 'rejected', 'unresponsive'].map(
        (partnerState): [string, object] => [`the state ${partnerState}`, { partnerState }],
      ),
    ])('are %s', async (_what, body) => {
      expect((await today.ask('POST', collectionPath, body)).status).toBe(201);
    });

    it('are the annotations of an answer that is sent back', async () => {
      const target = { '@odata.type': group, groupId: 'g' };
      const added = await today.ask('POST', collectionPath, {
        displayName: 'Back and forth',
        ...to(target),
      });
      const answered = { ...added.json };
      expect(answered).toHaveProperty(['@odata.context']);
      const annotated = {
        ...answered,
        '@odata.etag': 'W/"1"',
        'macOsEnrollmentAssignments@odata.type': `#Collection(microsoft.graph.${partner}Assignment)`,
        'displayName@odata.type': '#String',
        macOsEnrollmentAssignments: [{ target, 'target@odata.type': group }],
      };
      const path = `${collectionPath}/${String(answered['id'])}`;
      for (const body of [answered, annotated]) {
        expect(await today.ask('PATCH', path, body)).toMatchObject({ status: 200, json: answered });
      }
      const again = await today.ask('POST', collectionPath, { ...annotated, id: 'again' });
      expect(again).toMatchObject({ status: 201, json: { ...answered, id: 'again' } });
      expect(again.json).not.toHaveProperty(['@odata.etag']);
    });
  });
});

describe('what reached the embedded Graph', () => {
  let told: SeenRequest[];
  let graph: TestEmulator;

  beforeEach(async () => {
    told = [];
    const onRequest = (request: SeenRequest) => told.push(request);
    graph = await startTestEmulator({ onRequest, recordRequests: true });
  });

  afterEach(() => graph.close());

  it('is logged and recorded, rejected or not', async () => {
    await graph.ask('POST', `${collectionPath}?x=1`, { displayName: 'Fleet' });
    await graph.ask('GET', '/nowhere', undefined, { authorization: 'Bearer bad' });
    await graph.ask('POST', collectionPath, 'x'.repeat(1024 * 1024 + 1));
    expect(told).toEqual([
      {
        method: 'POST',
        path: `${collectionPath}?x=1`,
        headers: expect.objectContaining({ authorization: 'Bearer good' }),
        body: '{"displayName":"Fleet"}',
      },
      expect.objectContaining({ method: 'GET', path: '/nowhere', body: '' }),
      expect.objectContaining({ method: 'POST', body: '' }),
    ]);
    expect(graph.requests).toEqual(told);
  });

  it('is not kept unless that is asked for', async () => {
    const plain = await startTestEmulator();
    await plain.ask('GET', collectionPath);
    expect(plain.requests).toEqual([]);
    await plain.close();
  });
});

describe('closing', () => {
  it('ends idle, silent, delayed and half-sent connections at once', async () => {
    const clock = createManualClock();
    const graph = await startTestEmulator({ clock, recordRequests: true });
    graph.faults.add({ kill: 'silence', when: { path: 'silent' } });
    graph.faults.add({ delayMs: 60_000, when: { path: 'delayed' } });
    const client = new Client(graph.baseUrl);
    const headers = { authorization: 'Bearer good' };
    await (await client.request({ method: 'GET', path: collectionPath, headers })).body.dump();
    const connections = await Promise.all([
      openRaw(graph.baseUrl),
      openRaw(graph.baseUrl, rawRequest('GET', `${collectionPath}/silent`)),
      openRaw(graph.baseUrl, rawRequest('GET', `${collectionPath}/delayed`)),
      openRaw(graph.baseUrl, rawRequest('POST', collectionPath, '{}').slice(0, -1)),
    ]);
    await until(() => graph.requests.length === 3 && clock.timers.size === 1);
    await graph.close();
    const ends = await Promise.all(connections.map(({ ended }) => ended));
    expect(ends.map(({ text }) => text)).toEqual(['', '', '', '']);
    expect(clock.timers.size).toBe(0);
    await client.destroy();
  });

  it('frees the port, which can be had again by its number', async () => {
    const first = await startTestEmulator();
    const port = Number(new URL(first.baseUrl).port);
    await expect(startTestEmulator({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await first.close();
    const second = await startTestEmulator({ port });
    expect(second.baseUrl).toBe(first.baseUrl);
    expect((await second.ask('GET', collectionPath)).status).toBe(200);
    await second.close();
  });
});

describe('a connection', () => {});

describe('envelope', () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

  let graph: TestEmulator;

  beforeAll(async () => {
    graph = await startTestEmulator({ clock: createManualClock(), seed: [{ id: 'one' }] });
  });

  afterAll(() => graph.close());

  describe('the headers of every answer', () => {
    it.each<[string, string, string, Record<string, string>, number]>([
      ['a success', 'GET', collectionPath, {}, 200],
      ['an answer without a body', 'DELETE', `${collectionPath}/one`, {}, 204],
      ['a missing row', 'GET', `${collectionPath}/two`, {}, 404],
      ['a missing token', 'GET', collectionPath, { authorization: '' }, 401],
      ['an unknown version', 'GET', '/v2.0/users', {}, 400],
      ['a wrong method', 'PUT', collectionPath, {}, 405],
      ['a method of WebDAV', 'PROPFIND', collectionPath, {}, 405],
      ['a path with broken escapes', 'GET', '/%zz', {}, 400],
    ])('are those of Graph on %s', async (_what, method, path, headers, status) => {
      const answer = await graph.ask(method, path, undefined, headers);
      expect(answer.status).toBe(status);
      expect(answer.headers).toMatchObject({
        'request-id': expect.stringMatching(uuid),
        'client-request-id': expect.stringMatching(uuid),
        date: 'Wed, 11 Feb 2026 08:30:05 GMT',
        'cache-control': 'private',
        'strict-transport-security': expect.stringMatching(/^max-age=\d+$/),
      });
      expect(JSON.parse(String(answer.headers['x-ms-ags-diagnostic']))).toHaveProperty(
        'ServerInfo.RoleInstance',
      );
      const isEmpty = status === 204;
      expect(answer.text === '').toBe(isEmpty);
      expect(answer.headers['content-length']).toBe(
        isEmpty ? undefined : String(Buffer.byteLength(answer.text)),
      );
      expect(answer.headers['odata-version']).toBe(isEmpty ? undefined : '4.0');
      expect(answer.headers['content-type']).toBe(
        isEmpty
          ? undefined
          : 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
      );
    });
  });

  describe('the body of an error', () => {
    it('carries the ids of the headers and the time without an offset', async () => {
      const answer = await graph.ask('GET', '/v2.0/users');
      expect(answer.json).toEqual({
        error: {
          code: 'BadRequest',
          message: 'Invalid version: v2.0',
          innerError: {
            date: '2026-02-11T08:30:05',
            'request-id': answer.headers['request-id'],
            'client-request-id': answer.headers['client-request-id'],
          },
        },
      });
    });

    it('is JSON in a string where the service itself speaks', async () => {
      const answer = await graph.ask('GET', `${collectionPath}/two`, undefined, {
        'client-request-id': 'mine',
      });
      const error = answer.json?.['error'] as { code: string; message: string };
      expect(error.code).toBe('ResourceNotFound');
      expect(error.message).toContain('\r\n');
      expect(JSON.parse(error.message)).toEqual({
        _version: 3,
        Message: expect.stringMatching(
          /two was not found\. - Operation ID \(for customer support\): [0-]+ - Activity ID: mine - Url: https:\/\/fef\./,
        ),
        CustomApiErrorPhrase: '',
        RetryAfter: null,
        ErrorSourceService: '',
        HttpHeaders: '{}',
      });
    });
  });

  describe('authentication', () => {
    it.each<[string, string | undefined, string]>([
      ['no header', undefined, 'Access token is empty.'],
      ['an empty header', '', 'Access token is empty.'],
      ['a scheme alone', 'Bearer', 'Access token is empty.'],
      ['another scheme', 'Basic good', 'Access token is empty.'],
      ['two tokens', 'Bearer good good', 'Access token is empty.'],
      ['a token that is not accepted', 'Bearer bad', 'Access token validation failure.'],
    ])('refuses %s before anything else', async (_what, authorization, message) => {
      const lines = ['POST /nowhere HTTP/1.1', 'Host: x', 'Connection: close', 'Content-Length: 1'];
      const header = authorization === undefined ? [] : [`Authorization: ${authorization}`];
      const { ended } = await openRaw(graph.baseUrl, [...lines, ...header, '', '{'].join('\r\n'));
      const { text } = await ended;
      expect(text).toMatch(/^HTTP\/1\.1 401 /);
      expect(text).toMatch(/\r\nwww-authenticate: Bearer realm=""/);
      expect(text).toContain(`"code":"InvalidAuthenticationToken","message":"${message}"`);
    });
  });

  describe('the media type and the size of a body', () => {
    it.each(['text/plain', 'application/jsonp', 'application/xml', ';;'])(
      'answers 415 to %s',
      async (type) => {
        const answer = await graph.ask('POST', collectionPath, '{}', { 'content-type': type });
        expect(answer.status).toBe(415);
        expect(answer.json).toHaveProperty('error.code', 'UnsupportedMediaType');
      },
    );

    it('answers 415 where the type is missing', async () => {
      const text = rawRequest('POST', collectionPath, '{}').replace(/Content-Type.*\r\n/, '');
      const { ended, socket } = await openRaw(graph.baseUrl, text);
      socket.end();
      expect((await ended).text).toMatch(/^HTTP\/1\.1 415 /);
    });

    it.each(['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json;odata=x'])(
      'takes %s',
      async (type) => {
        const answer = await graph.ask('POST', collectionPath, '{}', { 'content-type': type });
        expect(answer.status).toBe(201);
      },
    );

    it('takes 1 MiB and answers 413 to one byte more', async () => {
      const frame = JSON.stringify({ displayName: '' }).length;
      const bodyOf = (length: number) =>
        JSON.stringify({ displayName: 'x'.repeat(length - frame) });
      expect((await graph.ask('POST', collectionPath, bodyOf(1024 * 1024))).status).toBe(201);
      const refused = await graph.ask('POST', collectionPath, bodyOf(1024 * 1024 + 1));
      expect(refused.status).toBe(413);
      expect(refused.json).toHaveProperty('error.code', 'RequestEntityTooLarge');
      const stranger = { authorization: 'Bearer bad' };
      const large = bodyOf(1024 * 1024 + 1);
      expect((await graph.ask('POST', collectionPath, large, stranger)).status).toBe(401);
    });
  });
});
