import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  collectionPath,
  startTestEmulator,
  type TestEmulator,
  useTestEmulator,
} from './emulatorHarness.ts';

describe('an add', () => {
  const newId = '0c65e46a-e46a-0c65-6ae4-650c6ae4650c';
  const rowPath = `${collectionPath}/${newId}`;
  let graph: TestEmulator;

  beforeEach(async () => {
    graph = await startTestEmulator({ generation: 'reference-page', newId: () => newId });
  });

  afterEach(() => graph.close());

  const add = (body: object) => graph.ask('POST', collectionPath, body);

  it('fills in what is left out, keeps null apart from empty and absent, and is then updated', async () => {
    const lastHeartbeatDateTime = '2016-12-31T23:56:56.7799755+03:00';
    const iosEnrollmentAssignments = [{ target: null }, {}];
    const body = { lastHeartbeatDateTime, iosOnboarded: true, iosEnrollmentAssignments };
    const { status, headers, json } = await add(body);
    const location = `${graph.baseUrl}${collectionPath}('${newId}')`;
    expect([status, headers['location']]).toEqual([201, location]);
    const odataType = { '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment' };
    expect(json).toEqual({
      '@odata.context': `${graph.baseUrl}/beta/$metadata#deviceManagement/complianceManagementPartners/$entity`,
      '@odata.type': '#microsoft.graph.complianceManagementPartner',
      id: newId,
      lastHeartbeatDateTime,
      partnerState: 'unknown',
      displayName: null,
      macOsOnboarded: false,
      windowsOnboarded: false,
      androidOnboarded: false,
      iosOnboarded: true,
      macOsEnrollmentAssignments: [],
      windowsEnrollmentAssignments: [],
      androidEnrollmentAssignments: [],
      iosEnrollmentAssignments: [{ ...odataType, target: null }, odataType],
    });
    expect(Object.keys(json).slice(0, 3)).toEqual(['@odata.context', '@odata.type', 'id']);
    expect((await graph.ask('GET', rowPath)).json).toEqual(json);
    const change = { displayName: 'New', iosEnrollmentAssignments: [] };
    const answer = await graph.ask('PATCH', rowPath, { ...change, id: newId.toUpperCase() });
    expect(answer).toMatchObject({ status: 200, json: { ...json, ...change } });
    for (const bad of [{ id: 'other' }, { partnerState: 'String' }]) {
      const rejected = await graph.ask('PATCH', rowPath, { displayName: 'changed', ...bad });
      expect(rejected.status).toBe(400);
    }
    expect((await graph.ask('GET', rowPath)).json).toEqual({ ...json, ...change });
    expect((await add({})).json).toMatchObject({ error: { code: 'Conflict' } });
  });

  it('accepts an id that is free in any case and that a path can name', async () => {
    for (const id of ["it's", 'a/b', 'Ünïcode €', '%']) {
      const { status, headers } = await add({ id });
      const path = String(headers['location']).slice(graph.baseUrl.length);
      const { json } = await graph.ask('GET', path);
      expect([status, json['id']]).toEqual([201, id]);
    }
    const error = { code: 'Conflict' };
    const again = await add({ id: "IT'S", displayName: 'Fleet' });
    expect(again).toMatchObject({ status: 409, json: { error } });
    expect([(await add({ id: '' })).status, (await add({ id: '\ud800' })).status]).toEqual([
      400, 400,
    ]);
    const names = graph.partners().map(({ displayName }) => displayName);
    expect(names).toEqual([null, null, null, null]);
  });
});

const today = await useTestEmulator({ seed: [{ id: 'row' }] });
const post = (body: unknown, headers = {}) => today.ask('POST', collectionPath, body, headers);

describe('a body', () => {
  const api = 'microsoft.management.services.api.';
  const partner = 'complianceManagementPartner';
  const state = `${api}deviceManagementPartnerTenantState`;
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
  const noAbstract = 'Cannot create an abstract class.';
  const unresolved = (name: string) => `A type named '${name}' could not be resolved by the model.`;
  const misfit = (name: string, expected: string) =>
    `type name 'microsoft.graph.${name}' was found, which is not assignable to the expected type 'microsoft.graph.${expected}'.`;

  it.each<[unknown, string]>([
    [[], node('StartArray', 'StartObject')],
    [{ DisplayName: 'x' }, missing('DisplayName')],
    ['{"__proto__":{}}', missing('__proto__')],
    [type('constructor'), unresolved('microsoft.graph.constructor')],
    [{ '@odata.type': null }, unresolved('null')],
    [group, misfit('groupAssignmentTarget', partner)],
    [{ iosOnboarded: 'true' }, notLiteral('true', 'Edm.Boolean')],
    [{ iosOnboarded: null }, noNull('iosOnboarded', 'Edm.Boolean')],
    [{ iosOnboarded: {} }, node('StartObject', 'PrimitiveValue')],
    [{ partnerState: 'Enabled' }, notLiteral('Enabled', state)],
    [{ lastHeartbeatDateTime: '2026' }, notLiteral('2026', 'Edm.DateTimeOffset')],
    [mac({}), node('StartObject', 'StartArray')],
    [mac(null), noNull('macOsEnrollmentAssignments', list)],
    [mac([{}, null]), node('PrimitiveValue', 'StartObject')],
    [mac([group]), misfit('groupAssignmentTarget', `${partner}Assignment`)],
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
    expect(await post(body)).toMatchObject(rejection);
    expect(await today.ask('PATCH', `${collectionPath}/row`, body)).toMatchObject(rejection);
    expect(today.partners()).toEqual([{ id: 'row' }]);
  });

  const frame = JSON.stringify({ displayName: '' }).length;
  const sized = (bytes: number) => ({ displayName: 'x'.repeat(bytes - frame) });
  const typed = (name?: string) => ({ 'content-type': name });
  const mebibyte = 1024 * 1024;

  it.each<[string, number, unknown, object]>([
    ['', 201, to({ '@odata.type': 'microsoft.graph.allDevicesAssignmentTarget' }), {}],
    ['', 201, to({ ...group, groupId: null }), {}],
    ['', 201, to({ ...all, [filterType]: 'include' }), {}],
    ['', 201, { partnerState: 'unresponsive' }, typed('APPLICATION/JSON; charset=utf-8')],
    ['', 201, sized(mebibyte), {}],
    ['RequestEntityTooLarge', 413, sized(mebibyte + 1), {}],
    ['InvalidAuthenticationToken', 401, sized(mebibyte + 1), { authorization: 'Bearer bad' }],
    ['UnsupportedMediaType', 415, '{}', typed('application/jsonp')],
    ['UnsupportedMediaType', 415, '{}', typed(undefined)],
    ['BadRequest', 400, '{"displayName":', {}],
    ['BadRequest', 400, Buffer.from('{"a":"\xff"}', 'latin1'), {}],
  ])('is answered with "%s" and %d', async (code, status, body, headers) => {
    const answer = await post(body, headers);
    expect(answer).toMatchObject({ status, json: code === '' ? {} : { error: { code } } });
  });

  it('may have the annotations of an answer', async () => {
    const target = { ...group, groupId: 'g' };
    const answered = (await post({ displayName: 'Back and forth', ...to(target) })).json;
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
    const again = await post({ ...annotated, id: 'again' });
    expect(again.json).toEqual({ ...answered, id: 'again' });
  });
});

describe("the embedded Graph's names", () => {
  const byIds = '/beta/directoryObjects/getByIds?$select=id,displayName';
  const group = '3f6f5a0e-2f5b-4b0b-8a4e-1d2c3b4a5f60';
  const deleted = 'dead0000-0000-4000-8000-000000000001';
  const filterUrl = `/deviceManagement/assignmentFilters/${group}?$select=id,displayName`;

  it.each<[string, string, unknown, number, string]>([
    ['POST', byIds, {}, 400, 'Missing required parameter ids'],
    ['POST', byIds, { ids: [group, 'x'] }, 400, "Invalid object identifier 'x'"],
    ['POST', byIds, { ids: Array(1_001).fill(group) }, 400, 'Too many identifiers'],
    ['PATCH', `/beta${filterUrl}`, undefined, 405, ''],
    ['GET', `/v1.0${filterUrl}`, undefined, 400, "segment 'assignmentFilters'"],
    ['GET', `/beta${filterUrl.replace(group, deleted)}`, undefined, 404, ''],
    ['GET', `/beta${filterUrl}`, undefined, 200, group],
  ])('answer %s %s', async (method, path, body, status, text) => {
    const answer = await today.ask(method, path, body);
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(text)]);
  });

  it('of filters are unknown to a beta without filters, in a batch too', async () => {
    const server = await startTestEmulator({ generation: 'reference-page' });
    const replies = await server.batch([{ id: '1', method: 'GET', url: filterUrl }]);
    await server.close();
    expect(replies).toMatchObject([{ id: '1', status: 400 }]);
  });
});
