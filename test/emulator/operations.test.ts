import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  batchPath,
  collectionPath,
  openRaw,
  rawRequest,
  startTestEmulator,
  type TestEmulator,
} from './emulatorHarness.ts';

describe('an add', () => {
  const page: object = JSON.parse(
    readFileSync(new URL('../fixtures/graph/addRequest.json', import.meta.url), 'utf8'),
  );
  const newId = '0c65e46a-e46a-0c65-6ae4-650c6ae4650c';
  const rowPath = `${collectionPath}/${newId}`;
  const odataType = { '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment' };

  let graph: TestEmulator;

  beforeEach(async () => {
    graph = await startTestEmulator({ generation: 'reference-page', newId: () => newId });
  });

  afterEach(() => graph.close());

  const add = (body: object) => graph.ask('POST', collectionPath, body);
  const context = () =>
    `${graph.baseUrl}/beta/$metadata#deviceManagement/complianceManagementPartners/$entity`;

  it("gives the reference page's row back as it was posted, except for its state", async () => {
    const body = { ...page, partnerState: 'unavailable' };
    const { status, headers, json } = await add(body);
    const location = `${graph.baseUrl}${collectionPath}('${newId}')`;
    expect([status, headers['location']]).toEqual([201, location]);
    const target = { '@odata.type': '#microsoft.graph.allLicensedUsersAssignmentTarget' };
    expect(json).toEqual({
      ...body,
      '@odata.context': context(),
      id: newId,
      lastHeartbeatDateTime: '2016-12-31T23:56:56.7799755+03:00',
      macOsEnrollmentAssignments: [{ ...odataType, target }],
      windowsEnrollmentAssignments: [odataType],
      androidEnrollmentAssignments: [odataType],
      iosEnrollmentAssignments: [odataType],
    });
    const first = ['@odata.context', '@odata.type', 'id'];
    expect(Object.keys(json ?? {}).slice(0, 3)).toEqual(first);
    expect((await graph.ask('GET', rowPath)).json).toEqual(json);
  });

  it('fills in what is left out', async () => {
    expect((await add({})).json).toEqual({
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

  it('keeps null apart from empty and from absent', async () => {
    const iosEnrollmentAssignments = [{ target: null }, {}];
    expect((await add({ displayName: null, iosEnrollmentAssignments })).json).toMatchObject({
      displayName: null,
      androidEnrollmentAssignments: [],
      iosEnrollmentAssignments: [{ ...odataType, target: null }, odataType],
    });
  });

  it('accepts a free id and rejects one that is taken, in any case', async () => {
    expect(await add({ id: 'Mine' })).toMatchObject({ status: 201, json: { id: 'Mine' } });
    const error = { code: 'Conflict' };
    const second = await add({ id: 'mINE', displayName: 'Fleet' });
    expect(second).toMatchObject({ status: 409, json: { error } });
    expect(graph.partners().map(({ displayName }) => displayName)).toEqual([null]);
  });

  it.each(["it's", 'a/b', 'Ünïcode €', '%'])('has a Location that leads to %s', async (id) => {
    const { headers } = await add({ id });
    const path = String(headers['location']).slice(graph.baseUrl.length);
    expect((await graph.ask('GET', path)).json).toHaveProperty('id', id);
  });

  it.each(['', '\ud800'])('rejects the id %j, which no path can name', async (id) => {
    expect((await add({ id })).status).toBe(400);
    expect(graph.partners()).toEqual([]);
  });

  describe('and then an update', () => {
    beforeEach(() => add({ ...page, partnerState: 'enabled' }));

    it('changes what is given, replaces lists and leaves the rest', async () => {
      const before = await graph.ask('GET', rowPath);
      const change = {
        displayName: null,
        macOsEnrollmentAssignments: [],
        lastHeartbeatDateTime: '2020-02-29T00:00:00Z',
      };
      const answer = await graph.ask('PATCH', rowPath, change);
      expect(answer).toMatchObject({ status: 200, json: { ...before.json, ...change } });
      expect((await graph.ask('GET', rowPath)).json).toEqual(answer.json);
    });

    it('accepts the id of the row in any case', async () => {
      const { json } = await graph.ask('PATCH', rowPath, { id: newId.toUpperCase() });
      expect(json).toHaveProperty('id', newId);
    });

    it.each([{ id: 'other' }, { partnerState: 'String' }])(
      'changes nothing with %j',
      async (bad) => {
        const { status } = await graph.ask('PATCH', rowPath, { displayName: 'changed', ...bad });
        expect(status).toBe(400);
        expect(graph.partners()).toMatchObject([{ id: newId, displayName: 'Display Name value' }]);
      },
    );
  });
});

describe('a body', () => {
  let today: TestEmulator;

  beforeAll(async () => {
    today = await startTestEmulator({ seed: [{ id: 'row' }] });
  });

  afterAll(() => today.close());

  const api = 'microsoft.management.services.api.';
  const partner = 'complianceManagementPartner';
  const state = `${api}deviceManagementPartnerTenantState`;
  const time = 'Edm.DateTimeOffset';
  const list = `Collection(${api}${partner}Assignment)`;
  const filterType = 'deviceAndAppManagementAssignmentFilterType';
  const type = (name: string) => ({ '@odata.type': `#microsoft.graph.${name}` });
  const group = type('groupAssignmentTarget');
  const all = type('allLicensedUsersAssignmentTarget');
  const mac = (items: unknown) => ({ macOsEnrollmentAssignments: items });
  const to = (target: unknown) => mac([{ target }]);

  const missing = (property: string, owner = partner) =>
    `The property '${property}' does not exist on type '${api}${owner}'. Make sure to only use property names that are defined by the type.`;
  const noNull = (property: string, name: string) =>
    `A null value was found for the property named '${property}', which has the expected type '${name}[Nullable=False]'. The expected type '${name}[Nullable=False]' does not allow null values.`;
  const noNullList = `A null value was found for the property named 'macOsEnrollmentAssignments', which has the expected type '${list}[Nullable=True]'. The expected type '${list}[Nullable=True]' cannot be null but it can have null values.`;
  const notLiteral = (literal: unknown, name: string) =>
    `Cannot convert the literal '${literal}' to the expected type '${name}'.`;
  const node = (found: string, expected: string) =>
    `An unexpected '${found}' node was found when reading from the JSON reader. A '${expected}' node was expected.`;
  const noObject = node('PrimitiveValue', 'StartObject');
  const noAbstract = 'Cannot create an abstract class.';
  const unresolved = (name: string) =>
    `A type named '${name}' could not be resolved by the model. When a model is available, each type name must resolve to a valid type.`;
  const misfit = (name: string, expected: string) =>
    `A value with type name 'microsoft.graph.${name}' was found, which is not assignable to the expected type 'microsoft.graph.${expected}'.`;
  const badFilterType = (value: unknown) => to({ ...group, [filterType]: value });

  it.each<[unknown, string]>([
    [[], node('StartArray', 'StartObject')],
    ['null', noObject],
    ['"text"', noObject],
    ['5', noObject],
    [{ blackberryOnboarded: true }, missing('blackberryOnboarded')],
    [{ DisplayName: 'x' }, missing('DisplayName')],
    [{ toString: 'x' }, missing('toString')],
    ['{"__proto__":{}}', missing('__proto__')],
    [type('planet'), unresolved('microsoft.graph.planet')],
    [type('constructor'), unresolved('microsoft.graph.constructor')],
    [{ '@odata.type': partner }, unresolved(partner)],
    [{ '@odata.type': null }, unresolved('null')],
    [group, misfit('groupAssignmentTarget', partner)],
    [{ iosOnboarded: 'true' }, notLiteral('true', 'Edm.Boolean')],
    [{ iosOnboarded: 1 }, notLiteral(1, 'Edm.Boolean')],
    [{ iosOnboarded: null }, noNull('iosOnboarded', 'Edm.Boolean')],
    [{ iosOnboarded: {} }, node('StartObject', 'PrimitiveValue')],
    [{ displayName: 5 }, notLiteral(5, 'Edm.String')],
    [{ displayName: ['x'] }, node('StartArray', 'PrimitiveValue')],
    [{ id: null }, noNull('id', 'Edm.String')],
    [{ partnerState: 'String' }, notLiteral('String', state)],
    [{ partnerState: 'Enabled' }, notLiteral('Enabled', state)],
    [{ partnerState: 2 }, notLiteral(2, state)],
    [{ partnerState: '2' }, notLiteral('2', state)],
    [{ partnerState: 'length' }, notLiteral('length', state)],
    [{ partnerState: null }, noNull('partnerState', state)],
    [{ lastHeartbeatDateTime: null }, noNull('lastHeartbeatDateTime', time)],
    [{ lastHeartbeatDateTime: 0 }, notLiteral(0, time)],
    [{ lastHeartbeatDateTime: '2026-01-01T00:00' }, notLiteral('2026-01-01T00:00', time)],
    [mac({}), node('StartObject', 'StartArray')],
    [mac(null), noNullList],
    [mac('x'), node('PrimitiveValue', 'StartArray')],
    [mac([{}, null]), noObject],
    [mac([group]), misfit('groupAssignmentTarget', `${partner}Assignment`)],
    [mac([{ id: 'x' }]), missing('id', `${partner}Assignment`)],
    [to('everyone'), noObject],
    [to({ groupId: 'g' }), noAbstract],
    [to(type('deviceAndAppManagementAssignmentTarget')), noAbstract],
    [to(type('everyoneTarget')), unresolved('microsoft.graph.everyoneTarget')],
    [to(type(partner)), misfit(partner, 'deviceAndAppManagementAssignmentTarget')],
    [to({ ...all, groupId: 'g' }), missing('groupId', 'allLicensedUsersAssignmentTarget')],
    [to({ ...group, groupId: 5 }), notLiteral(5, 'Edm.String')],
    [badFilterType('all'), notLiteral('all', `${api}${filterType}`)],
    [badFilterType(null), noNull(filterType, `${api}${filterType}`)],
  ])('of %j is rejected on add and update', async (body, message) => {
    for (const [method, path] of [
      ['POST', collectionPath],
      ['PATCH', `${collectionPath}/row`],
    ] as const) {
      const error = { code: 'ModelValidationFailure', message, innerError: { message } };
      expect(await today.ask(method, path, body)).toMatchObject({ status: 400, json: { error } });
    }
    expect(today.partners()).toEqual([{ id: 'row' }]);
  });

  it.each(['', '{"displayName":', Buffer.from('7b2261223a22ff227d', 'hex')])(
    'of %p is rejected before the model is asked',
    async (body) => {
      const message = expect.stringMatching(/^Unable to read JSON request/);
      expect(await today.ask('POST', collectionPath, body)).toMatchObject({
        status: 400,
        json: { error: { code: 'BadRequest', message } },
      });
    },
  );

  it.each<object>([
    { '@odata.type': `microsoft.graph.${partner}` },
    to({ '@odata.type': 'microsoft.graph.allDevicesAssignmentTarget' }),
    to({ ...type('exclusionGroupAssignmentTarget'), groupId: 'g' }),
    to({ ...group, groupId: null }),
    to({ ...type('configurationManagerCollectionAssignmentTarget'), collectionId: 'c' }),
    to({ ...all, deviceAndAppManagementAssignmentFilterId: 'f', [filterType]: 'include' }),
    ...['unknown', 'unavailable', 'enabled', 'terminated', 'rejected', 'unresponsive'].map(
      (partnerState) => ({ partnerState }),
    ),
  ])('of %j is accepted', async (body) => {
    expect((await today.ask('POST', collectionPath, body)).status).toBe(201);
  });

  it('may have the annotations of an answer', async () => {
    const target = { ...group, groupId: 'g' };
    const given = { displayName: 'Back and forth', ...to(target) };
    const added = await today.ask('POST', collectionPath, given);
    const answered = { ...added.json };
    expect(answered).toHaveProperty(['@odata.context']);
    const annotated = {
      ...answered,
      '@odata.etag': 'W/"1"',
      'macOsEnrollmentAssignments@odata.type': `#Collection(microsoft.graph.${partner}Assignment)`,
      'displayName@odata.type': '#String',
      ...mac([{ target, 'target@odata.type': group['@odata.type'] }]),
    };
    const path = `${collectionPath}/${String(answered['id'])}`;
    for (const body of [answered, annotated]) {
      expect(await today.ask('PATCH', path, body)).toMatchObject({ status: 200, json: answered });
    }
    const again = await today.ask('POST', collectionPath, { ...annotated, id: 'again' });
    expect(again).toMatchObject({ status: 201, json: { ...answered, id: 'again' } });
    expect(again.json).not.toHaveProperty(['@odata.etag']);
  });

  it.each([
    ['text/plain', 415],
    ['application/jsonp', 415],
    ['application/xml', 415],
    [';;', 415],
    ['application/json; charset=utf-8', 201],
    ['APPLICATION/JSON', 201],
    ['application/json;odata=x', 201],
  ])('of the media type %s is answered with %d', async (contentType, status) => {
    const answer = await today.ask('POST', collectionPath, '{}', { 'content-type': contentType });
    expect(answer.status).toBe(status);
  });

  it('without a media type is rejected', async () => {
    const text = rawRequest('POST', collectionPath, '{}').replace(/Content-Type.*\r\n/, '');
    const { ended, socket } = await openRaw(today.baseUrl, text);
    socket.end();
    expect((await ended).text).toMatch(/^HTTP\/1\.1 415 [\s\S]*"UnsupportedMediaType"/);
  });

  it('may have 1 MiB, but not one byte more', async () => {
    const bodyOf = (more: number) => {
      const frame = JSON.stringify({ displayName: '' }).length;
      return JSON.stringify({ displayName: 'x'.repeat(1024 * 1024 + more - frame) });
    };
    const ask = (more: number, authorization = 'Bearer good') =>
      today.ask('POST', collectionPath, bodyOf(more), { authorization });
    expect((await ask(0)).status).toBe(201);
    const error = { code: 'RequestEntityTooLarge' };
    expect(await ask(1)).toMatchObject({ status: 413, json: { error } });
    expect((await ask(1, 'Bearer bad')).status).toBe(401);
  });
});

describe("the embedded Graph's names", () => {
  const byIds = '/beta/directoryObjects/getByIds?$select=id,displayName';
  const group = '3f6f5a0e-2f5b-4b0b-8a4e-1d2c3b4a5f60';
  const deleted = 'dead0000-0000-4000-8000-000000000001';
  const filterUrl = `/deviceManagement/assignmentFilters/${group}?$select=id,displayName`;
  let emulator: TestEmulator;

  beforeAll(async () => {
    emulator = await startTestEmulator();
  });

  afterAll(() => emulator.close());

  it('leave out a deleted group, and are the same for an id in any case', async () => {
    const ids = [group.toUpperCase(), deleted];
    const { status, json } = await emulator.ask('POST', byIds, { ids, types: ['group'] });
    const type = { '@odata.type': '#microsoft.graph.group' };
    const row = { ...type, id: ids[0], displayName: 'Engineering Linux workstations' };
    expect([status, json]).toEqual([200, { value: [row] }]);
  });

  it.each<[string, unknown, RegExp]>([
    ['no ids', {}, /Missing required parameter ids/],
    ['an id that is no GUID', { ids: [group, 'x'] }, /Invalid object identifier 'x'/],
    ['1,001 ids', { ids: Array.from({ length: 1_001 }, () => group) }, /Too many identifiers/],
  ])('are rejected with 400 for %s', async (_what, body, message) => {
    const { status, text } = await emulator.ask('POST', byIds, body);
    expect([status, text]).toEqual([400, expect.stringMatching(message)]);
  });

  it('are forbidden before a body is read', async () => {
    const server = await startTestEmulator({ oddities: ['names-forbidden'] });
    const { status, json } = await server.ask('POST', byIds, '{');
    await server.close();
    expect([status, json]).toMatchObject([403, { error: { code: 'Authorization_RequestDenied' } }]);
  });

  it.each([
    ['GET', byIds, 405],
    ['PATCH', `/beta${filterUrl}`, 405],
    ['GET', `/v1.0${filterUrl}`, 400],
    ['GET', `/beta${filterUrl.replace(group, deleted)}`, 404],
    ['GET', `/beta${filterUrl}`, 200],
  ])('answer %s %s with %p', async (method, path, status) => {
    expect(await emulator.ask(method, path)).toMatchObject({ status });
  });

  it('of filters are in a batch, and unknown to a beta without filters', async () => {
    for (const [generation, status] of [
      ['today', 200],
      ['reference-page', 400],
    ] as const) {
      const server = await startTestEmulator({ generation });
      const replies = await server.batch([{ id: '1', method: 'GET', url: filterUrl }], batchPath);
      await server.close();
      expect(replies).toMatchObject([{ id: '1', status }]);
    }
  });
});
