import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openConnection } from '../support/rawConnection.ts';
import {
  batchPath,
  collectionPath,
  rawRequest,
  startTestEmulator,
  type TestEmulator,
  useTestEmulator,
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

  it('fills in what is left out, and keeps null apart from empty and from absent', async () => {
    const iosEnrollmentAssignments = [{ target: null }, {}];
    expect((await add({ iosEnrollmentAssignments })).json).toEqual({
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

  it('and then an update changes what is given, replaces lists and leaves the rest', async () => {
    const { json } = await add({ ...page, partnerState: 'enabled' });
    const change = {
      id: newId.toUpperCase(),
      displayName: null,
      macOsEnrollmentAssignments: [],
      lastHeartbeatDateTime: '2020-02-29T00:00:00Z',
    };
    const answer = await graph.ask('PATCH', rowPath, change);
    expect(answer).toMatchObject({ status: 200, json: { ...json, ...change, id: newId } });
    for (const bad of [{ id: 'other' }, { partnerState: 'String' }]) {
      const { status } = await graph.ask('PATCH', rowPath, { displayName: 'changed', ...bad });
      expect(status).toBe(400);
    }
    expect((await graph.ask('GET', rowPath)).json).toEqual(answer.json);
  });
});

const today = await useTestEmulator({ seed: [{ id: 'row' }] });

describe('a body', () => {
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
    `A null value was found for the property named '${property}', which has the expected type '${name}[Nullable=`;
  const notLiteral = (literal: unknown, name: string) =>
    `Cannot convert the literal '${literal}' to the expected type '${name}'.`;
  const node = (found: string, expected: string) =>
    `An unexpected '${found}' node was found when reading from the JSON reader. A '${expected}' node was expected.`;
  const noObject = node('PrimitiveValue', 'StartObject');
  const noAbstract = 'Cannot create an abstract class.';
  const unresolved = (name: string) => `A type named '${name}' could not be resolved by the model.`;
  const misfit = (name: string, expected: string) =>
    `type name 'microsoft.graph.${name}' was found, which is not assignable to the expected type 'microsoft.graph.${expected}'.`;

  it.each<[unknown, string]>([
    [[], node('StartArray', 'StartObject')],
    [{ DisplayName: 'x' }, missing('DisplayName')],
    ['{"__proto__":{}}', missing('__proto__')],
    [type('constructor'), unresolved('microsoft.graph.constructor')],
    [{ '@odata.type': partner }, unresolved(partner)],
    [{ '@odata.type': null }, unresolved('null')],
    [group, misfit('groupAssignmentTarget', partner)],
    [{ iosOnboarded: 'true' }, notLiteral('true', 'Edm.Boolean')],
    [{ iosOnboarded: null }, noNull('iosOnboarded', 'Edm.Boolean')],
    [{ iosOnboarded: {} }, node('StartObject', 'PrimitiveValue')],
    [{ displayName: 5 }, notLiteral(5, 'Edm.String')],
    [{ partnerState: 'Enabled' }, notLiteral('Enabled', state)],
    [{ partnerState: 2 }, notLiteral(2, state)],
    [{ lastHeartbeatDateTime: '2026-01-01T00:00' }, notLiteral('2026-01-01T00:00', time)],
    [mac({}), node('StartObject', 'StartArray')],
    [mac(null), noNull('macOsEnrollmentAssignments', list)],
    [mac([{}, null]), noObject],
    [mac([group]), misfit('groupAssignmentTarget', `${partner}Assignment`)],
    [mac([{ id: 'x' }]), missing('id', `${partner}Assignment`)],
    [to({ groupId: 'g' }), noAbstract],
    [to(type('deviceAndAppManagementAssignmentTarget')), noAbstract],
    [to(type(partner)), misfit(partner, 'deviceAndAppManagementAssignmentTarget')],
    [to({ ...all, groupId: 'g' }), missing('groupId', 'allLicensedUsersAssignmentTarget')],
    [to({ ...group, [filterType]: 'all' }), notLiteral('all', `${api}${filterType}`)],
    [to({ ...group, [filterType]: null }), noNull(filterType, `${api}${filterType}`)],
  ])('of %j is rejected on add and update', async (body, text) => {
    const message = expect.stringContaining(text);
    const error = { code: 'ModelValidationFailure', message, innerError: { message } };
    const rejection = { status: 400, json: { error } };
    expect(await today.ask('POST', collectionPath, body)).toMatchObject(rejection);
    expect(await today.ask('PATCH', `${collectionPath}/row`, body)).toMatchObject(rejection);
    expect(today.partners()).toEqual([{ id: 'row' }]);
  });

  const notUtf8 = Buffer.from('7b2261223a22ff227d', 'hex');

  it.each(['', '{"displayName":', notUtf8])('of %p is no JSON for Graph', async (body) => {
    const error = { code: 'BadRequest', message: expect.stringMatching(/^Unable to read JSON/) };
    const answer = await today.ask('POST', collectionPath, body);
    expect(answer).toMatchObject({ status: 400, json: { error } });
  });

  it.each<object>([
    to({ '@odata.type': 'microsoft.graph.allDevicesAssignmentTarget' }),
    to({ ...type('exclusionGroupAssignmentTarget'), groupId: 'g' }),
    to({ ...group, groupId: null }),
    to({ ...type('configurationManagerCollectionAssignmentTarget'), collectionId: 'c' }),
    to({ ...all, deviceAndAppManagementAssignmentFilterId: 'f', [filterType]: 'include' }),
    { partnerState: 'unresponsive' },
  ])('of %j is accepted', async (body) => {
    expect((await today.ask('POST', collectionPath, body)).status).toBe(201);
  });

  it('may have the annotations of an answer', async () => {
    const target = { ...group, groupId: 'g' };
    const given = { displayName: 'Back and forth', ...to(target) };
    const answered = { ...(await today.ask('POST', collectionPath, given)).json };
    const annotated = {
      ...answered,
      '@odata.etag': 'W/"1"',
      'macOsEnrollmentAssignments@odata.type': `#Collection(microsoft.graph.${partner}Assignment)`,
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
    ['Content-Type: ;;', 415],
    ['Content-Type: application/jsonp', 415],
    ['Content-Type: APPLICATION/JSON', 201],
    ['Content-Type: application/json; charset=utf-8', 201],
    ['X-Other: none', 415],
  ])('with the header %s is answered with %d', async (header, status) => {
    const { socket, send, until } = await openConnection(today.baseUrl);
    send(rawRequest('POST', collectionPath, '{}').replace(/Content-Type.*/, header));
    await until(new RegExp(`^HTTP/1.1 ${status} [^]*${status === 415 ? 'Unsupported' : ''}`));
    socket.destroy();
  });

  it('may have 1 MiB, but not one byte more', async () => {
    const frame = JSON.stringify({ displayName: '' }).length;
    const ask = (more: number, authorization = 'Bearer embedded-graph-token') => {
      const displayName = 'x'.repeat(1024 * 1024 + more - frame);
      return today.ask('POST', collectionPath, { displayName }, { authorization });
    };
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
  it('leave out a deleted group, and are the same for an id in any case', async () => {
    const ids = [group.toUpperCase(), deleted];
    const { status, json } = await today.ask('POST', byIds, { ids, types: ['group'] });
    const type = { '@odata.type': '#microsoft.graph.group' };
    const row = { ...type, id: ids[0], displayName: 'Engineering Linux workstations' };
    expect([status, json]).toEqual([200, { value: [row] }]);
  });

  it.each<[string, unknown, RegExp]>([
    ['no ids', {}, /Missing required parameter ids/],
    ['an id that is no GUID', { ids: [group, 'x'] }, /Invalid object identifier 'x'/],
    ['1,001 ids', { ids: Array.from({ length: 1_001 }, () => group) }, /Too many identifiers/],
  ])('are rejected with 400 for %s', async (_what, body, message) => {
    const { status, text } = await today.ask('POST', byIds, body);
    expect([status, text]).toEqual([400, expect.stringMatching(message)]);
  });

  it.each([
    ['GET', byIds, 405],
    ['PATCH', `/beta${filterUrl}`, 405],
    ['GET', `/v1.0${filterUrl}`, 400],
    ['GET', `/beta${filterUrl.replace(group, deleted)}`, 404],
    ['GET', `/beta${filterUrl}`, 200],
  ])('answer %s %s with %p', async (method, path, status) => {
    expect(await today.ask(method, path)).toMatchObject({ status });
  });

  it('of filters are unknown to a beta without filters, in a batch too', async () => {
    const server = await startTestEmulator({ generation: 'reference-page' });
    const replies = await server.batch([{ id: '1', method: 'GET', url: filterUrl }], batchPath);
    await server.close();
    expect(replies).toMatchObject([{ id: '1', status: 400 }]);
  });
});
