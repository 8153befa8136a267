import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isDateTimeLiteral } from '../../src/emulator/model.ts';
import {
  batchPath,
  collectionPath,
  partnersPath as name,
  startTestEmulator,
  type TestEmulator,
  useTestEmulator,
} from './emulatorHarness.ts';

const names = { a: 'Fleet', b: 'Jamf Pro', c: "O'Neill", d: null, e: 'E' };
const rows = Object.entries(names).map(([id, displayName]) => ({ id, displayName }));
const paged = await useTestEmulator({ seed: rows, pageSize: 2 });
const today = await useTestEmulator({ seed: [{ id: 'row' }], hasControl: true });
const post = (body: unknown, headers = {}) => today.ask('POST', collectionPath, body, headers);

describe('a page of the list', () => {
  const ask = (query: string) => paged.ask('GET', `${collectionPath}${encodeURI(query)}`);
  const context = () =>
    `${paged.baseUrl}/beta/$metadata#deviceManagement/complianceManagementPartners`;

  /** The ids of all pages of a query, with the count that each page gives. */
  async function readAll(query: string): Promise<string> {
    const pages: string[] = [];
    let path: string | undefined = `${collectionPath}${encodeURI(query)}`;
    while (path !== undefined) {
      const { json }: { json: Record<string, unknown> } = await paged.ask('GET', path);
      const ids = (json['value'] as { id: string }[]).map(({ id }) => id);
      pages.push([...ids, json['@odata.count'] ?? ''].join(''));
      path = (json['@odata.nextLink'] as string | undefined)?.slice(paged.baseUrl.length);
    }
    return pages.join(' ');
  }

  it('begins with the context and has the rows at the end, without their type', async () => {
    const { json } = await ask('?$count=true');
    const members = ['@odata.context', '@odata.count', '@odata.nextLink', 'value'];
    expect([Object.keys(json), json['@odata.context']]).toEqual([members, context()]);
    expect(json['value']).toEqual(rows.slice(0, 2));
  });

  it.each([
    ['', 'ab cd e'],
    ['?$top=1000', 'ab cd e'],
    ['?$orderby=id desc&$search=x', 'ab cd e'],
    ['?$skip=3&$top=1', 'd e'],
    ['?top=1&orderby=id&skip=3&search="displayName:x"', 'd e'],
    ['?$Top=1&own=1&$EXPAND=*', 'a b c d e'],
    ["?$count=true&$filter=contains(displayName,'')", 'ab4 ce'],
    ["?$count=TRUE&$filter=startswith( displayName , 'jamf ' )", 'b1'],
    ["?$filter=displayName eq 'fLEET'", 'a'],
    ['?$filter=displayName eq null', 'd'],
    ['?$filter=startswith(displayName,null)', ''],
    ["?$filter=contains(displayName,'EE')", 'a'],
    ["?$filter=contains(displayName,'''')", 'c'],
    ["?$filter=(contains(displayName,'flee'))", 'a'],
    ["?$filter=  ( displayName  eq  'Fleet (Linux)' )  ", ''],
  ])('leads to the next until all of "%s" are read', async (query, pages) => {
    expect(await readAll(query)).toBe(pages);
  });

  it.each([
    ['displayName, id', '(displayName,id)', rows[0]],
    ['displayName', '(displayName)', { displayName: 'Fleet' }],
    ['*', '', rows[0]],
  ])('shows the selected properties and names them in its context: %s', async (...row) => {
    const [select, names, shown] = row;
    const { json } = await ask(`?$select=${select}&$top=1`);
    expect([json['@odata.context'], json['value']]).toEqual([`${context()}${names}`, [shown]]);
  });

  it('has a nextLink with the options, which is followed as it is or not at all', async () => {
    const { json } = await ask("?$filter=contains(displayName,'')&$top=1&$select=id");
    const next = String(json['@odata.nextLink']).slice(paged.baseUrl.length);
    expect(next).toMatch(
      /\?\$top=1&\$select=id&\$filter=contains\(displayName%2C''\)&\$skiptoken=[\w-]+$/,
    );
    const changed = [
      next.replace('$top=1', '$top=2'),
      next.replace(/\?.*&/, '?'),
      next.slice(0, -1),
    ];
    for (const path of changed) {
      expect((await paged.ask('GET', path)).status).toBe(400);
    }
    // It keeps the place of rows that change, and neither repeats nor skips one.
    await paged.ask('PATCH', `${collectionPath}/b`, { displayName: 'changed' });
    await paged.ask('DELETE', `${collectionPath}/a`);
    await paged.ask('POST', collectionPath, { id: 'f', displayName: 'F' });
    expect((await paged.ask('GET', next)).json).toHaveProperty('value', [{ id: 'b' }]);
    expect(await readAll('')).toBe('bc de f');
  });
});

it('an Edm.DateTimeOffset is a text that .NET can hold', () => {
  // The texts in OData's grammar are the same in either case.
  const valid = `
    2016-12-31T23:56:56.7799755+03:00    0001-01-01T00:00:00Z    2026-02-11t08:30:05z
    2000-02-29T00:00:00Z                 0004-02-29T00:00:00Z    2026-02-11T08:30:05.123456789012-11:30
    2016-12-31T23:59:60Z                 2024-02-29T00:00:00Z    9999-12-31T23:59:59.9999999+14:00
    0001-01-01T14:00:00+14:00`;
  const invalid = `
    2016-12-31                 2016-12-31T23:56:56        2016-12-31T23:56:56.7799755
    2016-12-31T23:56Z          2016-12-31T23:56:56.Z      2016-12-31T23:56:56.1234567890123Z
    2016-12-31T23:56:56+0300   2016-12-31T23:56:56+24:00  2016-12-31T23:56:56+14:01
    0000-01-01T00:00:00Z       2016-12-31T23:56:56-15:00  2016-12-31T23:56:56+03:60
    0000-12-31T23:00:00-05:00  0001-01-01T00:00:00+01:00  9999-12-31T23:59:59-00:01
    2023-02-29T00:00:00Z       1900-02-29T00:00:00Z       2024-02-30T00:00:00Z
    2024-13-01T00:00:00Z       2024-00-01T00:00:00Z       2024-01-00T00:00:00Z
    2024-01-01T24:00:00Z       2024-01-01T00:60:00Z       2024-01-01T00:00:61Z`;
  const spaced = ['', '2016-12-31 23:56:56Z', ' 2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z\n'];
  const wordsOf = (table: string) => table.trim().split(/\s+/);
  expect(wordsOf(valid).filter((text) => !isDateTimeLiteral(text))).toEqual([]);
  expect([...spaced, ...wordsOf(invalid)].filter(isDateTimeLiteral)).toEqual([]);
});

describe('a request', () => {
  const segment = (text: string) => `Resource not found for the segment '${text}'.`;
  const stray = (property: string) =>
    `Could not find a property named '${property}' on type 'microsoft.graph.complianceManagementPartner'.`;
  const noSelect = 'Parsing OData Select and Expand failed: ';
  const invalid = (reason = '') => `"message":"Invalid filter clause${reason}"`;
  const nested = `${'('.repeat(101)}true${')'.repeat(101)}`;
  const failure = 'An internal server error has occurred - Operation ID';
  const list = (query: string) => `/beta${name}?${query}`;
  const filtered = (filter: string) => list(`$filter=${encodeURIComponent(filter)}`);
  // The reference page's request line has an id, but the collection is contained.
  const noRoute = (id: string) =>
    `No OData route exists that match template ~/singleton/navigation/${id} with http verb POST for request /StatelessOnboardingService/beta${name}/${id}.`;
  const byIds = '/beta/directoryObjects/getByIds?$select=id,displayName';
  const group = '3f6f5a0e-2f5b-4b0b-8a4e-1d2c3b4a5f60';
  const filters = (id: string) =>
    `/deviceManagement/assignmentFilters/${id}?$select=id,displayName`;

  const control = '/control/faults';
  const bad = { authorization: 'Bearer bad' };
  const typed = (type?: string) => ({ 'content-type': type });
  const mebibyte = 1024 * 1024;
  const frame = JSON.stringify({ displayName: '' }).length;
  const codes: Readonly<Record<number, string>> = {
    400: 'BadRequest',
    401: 'InvalidAuthenticationToken',
    404: 'ResourceNotFound',
    405: 'Request_BadRequest',
    413: 'RequestEntityTooLarge',
    415: 'UnsupportedMediaType',
    500: 'InternalServerError',
  };
  const codesOfPaths: Readonly<Record<string, string>> = {
    [control]: 'ControlRequestRejected',
    [byIds]: 'Request_BadRequest',
    [`/beta${name}/$ref`]: 'No method match route template',
    [`/beta${name}/$count`]: 'No method match route template',
  };
  const sized = (bytes: number) => ({ displayName: 'x'.repeat(bytes - frame) });

  beforeEach(async () => {
    for (const id of ['one', '$ref', "it's"]) {
      await post({ id });
    }
  });

  it.each<[string, string, number, string, unknown?, object?]>([
    ['GET', `/v1.0${name}/?top=0`, 200, 'value'],
    ['GET', `/beta${name}/one?expand=*`, 200, 'one'],
    ['GET', `/beta${name}/one?$select=nonsense`, 400, stray('nonsense')],
    ['POST', `/BETA${name.toUpperCase()}`, 201, 'id'],
    ['GET', `/beta${name}(%27One%27)`, 200, 'one'],
    ['GET', `/beta${name}('$ref')`, 200, '$ref'],
    ['GET', `/beta${name}('it''s')`, 200, "it's"],
    ['DELETE', `/v1.0${name}/one`, 204, ''],
    ['GET', `/beta${name}/two`, 404, 'two was not found'],
    ['DELETE', `/beta${name}/two`, 404, 'two was not found'],
    ['PATCH', `/beta${name}`, 405, 'GET, POST'],
    ['POST', `/beta${name}/one`, 405, 'GET, PATCH, DELETE'],
    ['GET', '/beta/$metadata/x', 400, segment('$metadata')],
    ['GET', '/v1.0/%24metadata?x=y', 200, '<Schema'],
    ['GET', '/beta/constructor', 400, segment('constructor')],
    ['GET', `/beta${name}/one/terminate`, 400, segment('terminate')],
    ['GET', `/beta${name}('one')/x`, 400, segment('x')],
    ['GET', `/beta${name}(one)`, 400, segment('complianceManagementPartners(one)')],
    ['GET', name, 400, 'Invalid version: deviceManagement'],
    ['GET', '/%zz', 400, 'Invalid version: %zz'],
    ['POST', `/beta${name}/$ref`, 400, noRoute('$ref')],
    ['POST', `/beta${name}/$count`, 400, noRoute('$count')],
    ['GET', list('$top=-1'), 400, "Invalid value '-1' for $top"],
    ['GET', list('$skip=-1'), 400, "Invalid value '-1' for $skip"],
    ['GET', list('top=0'), 400, "page size specified: '0'. Must be between 1 and 1000 inclusive."],
    ['GET', list('$top=1001'), 400, "Invalid page size specified: '1001'"],
    ['GET', list('$count=yes'), 400, "Invalid value 'yes' for $count"],
    ['GET', list('$top=1&top=2'), 400, "Query option '$top' was specified more than once"],
    ['GET', list('$levels=1'), 400, "The query parameter '$levels' is not supported."],
    ['GET', list('$skiptoken=made-up'), 400, '$skiptoken'],
    ['GET', list('$select='), 400, "The value for OData query '$select' cannot be empty."],
    ['GET', list('$select=id,DisplayName'), 400, `${noSelect}${stray('DisplayName')}`],
    ['GET', list('$select=toString'), 400, "'toString'"],
    ['GET', filtered(''), 400, "The value for OData query '$filter' cannot be empty."],
    ['GET', filtered("displayName eq 'O'Neill'"), 400, invalid(`: ${stray('Neill')}`)],
    ['GET', filtered("displayName eq 'O''Neill"), 400, invalid()],
    ['GET', filtered("displayName eq 'a')"), 400, invalid()],
    ['GET', filtered("displayName toString 'F'"), 400, invalid(`: ${stray('toString')}`)],
    ['GET', filtered('lastHeartbeatDateTime lt 2026-13-01T00:00:00Z'), 400, invalid()],
    ['GET', filtered('displayName eq "Fleet"'), 400, invalid()],
    ['GET', filtered("contains(constructor,'x')"), 400, invalid(`: ${stray('constructor')}`)],
    ['GET', filtered(nested), 400, invalid(": The depth limit of '100' has been exceeded.")],
    ['GET', filtered(nested.slice(1, -1)), 500, failure],
    ['GET', filtered("partnerState eq 'enabled'"), 500, failure],
    ['GET', filtered('length(displayName) gt 5'), 500, failure],
    ['GET', filtered("displayName eq 'a' and displayName eq 'b'"), 500, failure],
    ['GET', filtered("startswith(tolower(displayName),'a')"), 500, failure],
    ['POST', byIds, 400, 'Missing required parameter ids', {}],
    ['POST', byIds, 400, "Invalid object identifier 'x'", { ids: [group, 'x'] }],
    ['POST', byIds, 400, 'Too many identifiers', { ids: Array(1_001).fill(group) }],
    ['GET', `/v1.0${filters(group)}`, 400, segment('assignmentFilters')],
    ['GET', `/beta${filters('dead0000-0000-4000-8000-000000000001')}`, 404, ''],
    ['GET', `/beta${filters(group)}`, 200, group],
    ['POST', '/nowhere', 401, 'Access token is empty.', '{', { authorization: undefined }],
    ['POST', '/nowhere', 401, 'Access token is empty.', '{', { authorization: 'Bearer' }],
    ['POST', '/nowhere', 401, 'Access token is empty.', '{', { authorization: 'Basic abc' }],
    ['POST', collectionPath, 401, 'token validation failure', sized(mebibyte + 1), bad],
    ['POST', collectionPath, 413, 'RequestEntityTooLarge', sized(mebibyte + 1)],
    ['POST', collectionPath, 201, 'xxx', sized(mebibyte)],
    ['POST', collectionPath, 201, '', {}, typed('APPLICATION/JSON; charset=utf-8')],
    ['POST', collectionPath, 415, 'UnsupportedMediaType', '{}', typed('application/jsonp')],
    ['POST', collectionPath, 415, 'UnsupportedMediaType', '{}', typed(undefined)],
    ['POST', collectionPath, 400, 'Unable to read JSON', '{"displayName":'],
    ['POST', collectionPath, 400, 'Unable to read JSON', Buffer.from('{"a":"\xff"}', 'latin1')],
    ['POST', control, 400, '\\"state\\" is not a member', { state: 503 }],
    ['POST', control, 400, '\\"toString\\" is not a member', { toString: 1 }],
    ['POST', control, 400, '\\"method\\" must be', { method: 'get', status: 500 }],
    ['POST', control, 400, '\\"status\\" must be a number from 200 to 599', { status: 600 }],
    ['POST', control, 400, '\\"delayMs\\" must be', { delayMs: 60_001 }],
    ['POST', control, 400, '\\"times\\" must be', { status: 500, times: 1001 }],
    ['POST', control, 400, '\\"times\\" must be', { status: 500, times: 0 }],
    ['POST', control, 400, '\\"headers\\" must', { status: 500, headers: { a: 'b\r\nc' } }],
    ['POST', control, 400, '\\"body\\" must', { status: 500, body: [] }],
    ['POST', control, 400, '\\"reset\\" must be \\"before\\"', { reset: 'during' }],
    ['POST', control, 400, 'not both', { status: 500, reset: 'before' }],
    ['POST', control, 400, 'need a \\"status\\"', { body: 'x', delayMs: 1 }],
    ['POST', control, 400, 'Give a \\"status\\"', {}],
    ['POST', control, 400, 'must be a JSON object', []],
    ['POST', control, 413, 'too large', sized(mebibyte + 1)],
    ['POST', control, 415, 'MIME', { status: 500 }, typed('text/plain')],
    ['POST', control, 403, 'no Origin', { status: 500 }, { origin: 'null' }],
    ['POST', control, 403, 'Host must be', { status: 500 }, { host: 'localhost.example:80' }],
    ['PUT', control, 405, 'GET, POST, DELETE', {}],
    ['POST', '/beta/$metadata', 405, 'GET'],
    ['POST', '/beta/$metadata', 401, 'token validation failure', {}, bad],
    ['POST', batchPath, 401, 'token validation failure', { requests: [] }, bad],
    ['POST', batchPath, 413, 'RequestEntityTooLarge', sized(mebibyte + 1)],
    ['POST', batchPath, 415, 'UnsupportedMediaType', '{}', typed('text/plain')],
    ['GET', batchPath, 405, 'POST'],
  ])('%#, %s %s, is answered with %d: %s', async (...row) => {
    const [method, path, status, text, body = method === 'POST' ? {} : undefined, headers] = row;
    const answer = await today.ask(method, path, body, headers);
    const shown = status === 405 ? answer.headers['allow'] : answer.text;
    expect([answer.status, shown]).toEqual([
      status,
      status === 405 ? text : expect.stringContaining(text),
    ]);
    const isOfPath = [400, 403, 413].includes(status);
    const code = (isOfPath ? codesOfPaths[path] : undefined) ?? codes[status];
    expect((answer.json as { error?: { code: string } }).error?.code).toBe(code);
    const challenge = answer.headers['www-authenticate']?.includes('Bearer realm=""');
    expect(challenge).toBe(status === 401 ? true : undefined);
  });

  it('for the name of a filter leads nowhere in a beta without filters, in a batch too', async () => {
    const server = await startTestEmulator({ generation: 'reference-page' });
    const replies = await server.batch([{ id: '1', method: 'GET', url: filters(group) }]);
    await server.close();
    expect(replies).toMatchObject([{ id: '1', status: 400 }]);
  });
});

describe('the root of the links', () => {
  const host = 'localhost:1';
  const proxied = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'graph.test' };

  it.each<[Record<string, string>, string]>([
    [{ host: '127.0.0.1:1', ...proxied }, 'https://graph.test'],
    [{ host, 'x-forwarded-proto': 'http, https' }, 'http://localhost:1'],
    [{ host, 'x-forwarded-proto': 'https, http' }, 'https://localhost:1'],
    [{ host, 'x-forwarded-host': 'a.test, b.test' }, 'http://a.test'],
    [{ host, 'x-forwarded-host': '', 'x-forwarded-proto': '' }, 'http://localhost:1'],
  ])('is for %j as the caller wrote it', async (headers, root) => {
    const { json } = await paged.ask('GET', collectionPath, undefined, headers);
    expect(json['@odata.nextLink']).toMatch(`${root}/beta`);
  });

  it("is the batch's own in a batch, whatever its requests say", async () => {
    const requests = [{ id: '1', method: 'GET', url: name, headers: proxied }];
    const inside = await paged.ask('POST', batchPath, { requests });
    const outside = await paged.ask('POST', batchPath, { requests }, proxied);
    expect(inside.text).toContain(`"@odata.nextLink":"${paged.baseUrl}/beta`);
    expect(outside.text).toContain('"@odata.nextLink":"https://graph.test/beta');
  });
});

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
    const before = today.partners();
    expect(await post(body)).toMatchObject(rejection);
    expect(await today.ask('PATCH', `${collectionPath}/row`, body)).toMatchObject(rejection);
    expect(today.partners()).toEqual(before);
  });

  it('may have the annotations of an answer', async () => {
    const target = { ...group, groupId: null };
    const bare = { ...target, '@odata.type': group['@odata.type'].slice(1) };
    const answered = (await post({ displayName: 'Back and forth', ...to(target) })).json;
    const annotated = {
      ...answered,
      '@odata.etag': 'W/"1"',
      'macOsEnrollmentAssignments@odata.type': `#Collection(microsoft.graph.${partner}Assignment)`,
      ...mac([{ target: bare, 'target@odata.type': group['@odata.type'] }]),
    };
    const path = `${collectionPath}/${String(answered['id'])}`;
    for (const body of [answered, annotated]) {
      expect(await today.ask('PATCH', path, body)).toMatchObject({ status: 200, json: answered });
    }
    const again = await post({ ...annotated, id: 'again' });
    expect(again.json).toEqual({ ...answered, id: 'again' });
  });
});
