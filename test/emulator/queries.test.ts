import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callerRootOf } from '../../src/emulator/http.ts';
import { isDateTimeLiteral, modelOf } from '../../src/emulator/model.ts';
import { parseFilter } from '../../src/emulator/query.ts';
import { parseRoute } from '../../src/emulator/routes.ts';
import {
  batchPath,
  collectionPath,
  startTestEmulator,
  type TestEmulator,
} from './emulatorHarness.ts';

const stray = (name: string) =>
  `Could not find a property named '${name}' on type 'microsoft.graph.complianceManagementPartner'.`;

describe('a page of the list', () => {
  let graph: TestEmulator;

  beforeAll(async () => {
    const seed = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, displayName: id.toUpperCase() }));
    graph = await startTestEmulator({ seed, pageSize: 2 });
  });

  afterAll(() => graph.close());

  const ask = (query: string) => graph.ask('GET', `${collectionPath}${encodeURI(query)}`);

  interface Page {
    readonly ids: string;
    readonly next: string | undefined;
    readonly count: unknown;
  }

  async function read(path: string): Promise<Page> {
    const { json = {} } = await graph.ask('GET', path);
    const link = json['@odata.nextLink'] as string | undefined;
    return {
      ids: (json['value'] as { id: string }[]).map(({ id }) => id).join(''),
      next: link?.slice(graph.baseUrl.length),
      count: json['@odata.count'],
    };
  }

  async function readAll(query: string): Promise<string> {
    const pages: string[] = [];
    let path: string | undefined = `${collectionPath}${encodeURI(query)}`;
    while (path !== undefined) {
      const { ids, next }: Page = await read(path);
      pages.push(ids);
      path = next;
    }
    return pages.join(' ');
  }

  it('begins with the context and has the rows at the end, without their type', async () => {
    const { json = {} } = await ask('?$count=true');
    const names = ['@odata.context', '@odata.count', '@odata.nextLink', 'value'];
    expect(Object.keys(json)).toEqual(names);
    expect(json['@odata.context']).toBe(
      `${graph.baseUrl}/beta/$metadata#deviceManagement/complianceManagementPartners`,
    );
    expect(json['value']).toEqual(['a', 'b'].map((id) => ({ id, displayName: id.toUpperCase() })));
  });

  it.each([
    ['', 'ab cd e'],
    ['?$top=1', 'a b c d e'],
    ['?$top=100', 'ab cd e'],
    ['?$top=1000', 'ab cd e'],
    ['?$orderby=id desc&$search=x', 'ab cd e'],
    ['?$skip=1', 'bc de'],
    ['?$skip=3&$top=1', 'd e'],
    ['?$skip=9', ''],
    ['?top=1&orderby=id&skip=3&search="displayName:x"', 'd e'],
    ['?$Top=1&own=1&$EXPAND=*', 'a b c d e'],
    ['?$select=id&$top=1', 'a b c d e'],
    ["?$filter=contains(displayName,'')&$top=1", 'a b c d e'],
    ["?$filter=displayName eq 'c'", 'c'],
    ["?$filter=displayName eq 'nobody'", ''],
  ])('leads to the next until all of "%s" are read', async (query, pages) => {
    expect(await readAll(query)).toBe(pages);
  });

  const selectFailed = 'Parsing OData Select and Expand failed: ';

  it.each([
    ['$top=-1', "Invalid value '-1' for $top"],
    ['$top=many', "Invalid value 'many' for $top"],
    ['$top=', "Invalid value '' for $top"],
    ['$skip=-1', "Invalid value '-1' for $skip"],
    ['$count=yes', "Invalid value 'yes' for $count"],
    ['$top=1&top=2', "Query option '$top' was specified more than once"],
    ['$levels=1', "The query parameter '$levels' is not supported."],
    ['$top=0', "Invalid page size specified: '0'. Must be between 1 and 1000 inclusive."],
    ['$top=1001', "Invalid page size specified: '1001'"],
    ['$skiptoken=made-up', '$skiptoken'],
    ['$select=', "The value for OData query '$select' cannot be empty."],
    ['$select=id,DisplayName', `${selectFailed}${stray('DisplayName')}`],
    ['$select=windowsOnboarded', "'windowsOnboarded'"],
    ['$select=toString', "'toString'"],
    ['$filter=', "The value for OData query '$filter' cannot be empty."],
    ['$filter=nonsense', `Invalid filter clause: ${stray('nonsense')}`],
  ])('is rejected for %s', async (query, message) => {
    const { status, json } = await ask(`?${query}`);
    expect(status).toBe(400);
    expect(json).toHaveProperty('error.message', expect.stringContaining(message));
  });

  it('fails as a whole if the service has no such filter', async () => {
    const message = expect.stringMatching(/An internal server error has occurred - Operation ID/);
    expect(await ask("?$filter=endswith(displayName,'c')")).toMatchObject({
      status: 500,
      json: { error: { code: 'InternalServerError', message } },
    });
  });

  it('shows the selected properties and names them in its context', async () => {
    expect((await ask('?$select=displayName, id&$top=1')).json).toEqual({
      '@odata.context': `${graph.baseUrl}/beta/$metadata#deviceManagement/complianceManagementPartners(displayName,id)`,
      '@odata.nextLink': expect.any(String),
      value: [{ id: 'a', displayName: 'A' }],
    });
    const named = await ask('?$select=displayName&$top=1');
    expect(named.json).toHaveProperty('value', [{ displayName: 'A' }]);
    const all = await ask('?$select=*&$top=1');
    expect(all.json).toHaveProperty('value', [{ id: 'a', displayName: 'A' }]);
  });

  it('counts the rows of the filter, on the first page only', async () => {
    const counted = `${collectionPath}?$count=true&$filter=`;
    const first = await read(`${counted}contains(displayName,%27%27)`);
    expect(first.count).toBe(5);
    expect((await read(first.next ?? '')).count).toBeUndefined();
    const one = await read(`${counted}startswith(displayName,%27B%27)`);
    expect(one).toEqual({ ids: 'b', count: 1, next: undefined });
  });

  it('has a nextLink with the options, which is followed as it is or not at all', async () => {
    const query = "?$filter=contains(displayName,'')&$top=1&$select=id";
    const { next = '' } = await read(`${collectionPath}${query}`);
    expect(next).toMatch(
      /\?\$top=1&\$select=id&\$filter=contains\(displayName%2C''\)&\$skiptoken=[\w-]+$/,
    );
    expect((await graph.ask('GET', next)).json).toHaveProperty('value', [{ id: 'b' }]);
    for (const changed of [
      next.replace('$top=1', '$top=2'),
      next.replace('$select=id', '$select=displayName'),
      next.replace(/\?.*&/, '?'),
      next.slice(0, -1),
    ]) {
      expect((await graph.ask('GET', changed)).status).toBe(400);
    }
  });

  it('keeps the place of rows that change, and neither repeats nor skips one', async () => {
    const before = await readAll('?$top=1');
    await graph.ask('PATCH', `${collectionPath}/c`, { displayName: 'changed' });
    expect(await readAll('?$top=1')).toBe(before);
    const first = await read(collectionPath);
    await graph.ask('DELETE', `${collectionPath}/a`);
    await graph.ask('POST', collectionPath, { id: 'f' });
    expect(first.ids).toBe('ab');
    expect((await read(first.next ?? '')).ids).toBe('cd');
    expect(await readAll('')).toBe('bc de f');
  });
});

describe('a filter', () => {
  const names = ['Fleet', 'Jamf Pro', "O'Neill", null];
  const parse = (filter: string) => parseFilter(filter, modelOf('today'));

  it.each<[string, (string | null)[]]>([
    ["displayName eq 'Fleet'", ['Fleet']],
    ["displayName eq 'fLEET'", ['Fleet']],
    ["displayName eq 'Flee'", []],
    ["displayName eq 'O''Neill'", ["O'Neill"]],
    ['displayName eq null', [null]],
    ["  displayName  eq  'Jamf Pro'  ", ['Jamf Pro']],
    ["startswith(displayName,'f')", ['Fleet']],
    ["startswith( displayName , 'jamf ' )", ['Jamf Pro']],
    ["startswith(displayName,'leet')", []],
    ['startswith(displayName,null)', []],
    ["contains(displayName,'EE')", ['Fleet']],
    ["contains(displayName,'''')", ["O'Neill"]],
    ["contains(displayName,'')", ['Fleet', 'Jamf Pro', "O'Neill"]],
    ["(displayName eq 'Fleet')", ['Fleet']],
    ["(contains(displayName,'flee'))", ['Fleet']],
    ["( displayName eq 'Fleet (Linux)' )", []],
  ])('%s leaves %j', (filter, expected) => {
    const fits = parse(filter);
    expect(names.filter((displayName) => fits({ id: 'x', displayName }))).toEqual(expected);
  });

  const clause = 'Invalid filter clause';

  it.each([
    ['displayName eq Fleet', `${clause}: ${stray('Fleet')}`],
    ["displayName eq 'O'Neill'", `${clause}: ${stray('Neill')}`],
    ["displayName eq 'O''Neill", clause],
    ["(displayName eq 'a'", clause],
    ["displayName eq 'a')", clause],
    ["displayName startswith 'F'", `${clause}: ${stray('startswith')}`],
    ["displayName toString 'F'", `${clause}: ${stray('toString')}`],
    ['lastHeartbeatDateTime lt 2026-13-01T00:00:00Z', clause],
    ['displayName eq "Fleet"', clause],
    ["name eq 'Fleet'", `${clause}: ${stray('name')}`],
    ["DisplayName eq 'Fleet'", `${clause}: ${stray('DisplayName')}`],
    ['windowsOnboarded eq true', `${clause}: ${stray('windowsOnboarded')}`],
    ["contains(constructor,'x')", `${clause}: ${stray('constructor')}`],
  ])('%s is rejected', (filter, message) => {
    expect(() => parse(filter)).toThrow(expect.objectContaining({ status: 400, message }));
  });

  it('is rejected if it is nested too deeply', () => {
    const nested = `${'('.repeat(8000)}true${')'.repeat(8000)}`;
    expect(() => parse(nested)).toThrow(`${clause}: The depth limit of '100' has been exceeded.`);
  });

  it.each([
    "partnerState eq 'enabled'",
    'lastHeartbeatDateTime lt 2026-01-01T00:00:00Z',
    "displayName ne 'Fleet'",
    "displayName in ('Fleet', 'Addigy')",
    "endswith(displayName,'t')",
    "contains(displayName,'a','b')",
    "toString(displayName,'F')",
    'displayName',
    "displayName eq 'a' and",
    "displayName eq 'a' and displayName eq 'b'",
    "startswith(displayName,'a') or startswith(displayName,'b')",
    "not (displayName eq 'a')",
    "startswith(tolower(displayName),'a')",
    "contains('Fleet',displayName)",
    "'Fleet' eq displayName",
    'iosOnboarded',
    'length(displayName) gt 5',
    'year(lastHeartbeatDateTime) ge 2026 and not iosOnboarded',
  ])('%s makes the service fail', (filter) => {
    const message = 'An internal server error has occurred';
    expect(() => parse(filter)).toThrow(expect.objectContaining({ status: 500, message }));
  });
});

describe('an Edm.DateTimeOffset', () => {
  // The texts in OData's grammar are the same in either case.
  const valid = `
    2016-12-31T23:56:56.7799755+03:00    0001-01-01T00:00:00Z    2026-02-11T08:30:05Z
    2026-02-11t08:30:05z                 2026-02-11T08:30:05.1Z  2026-02-11T08:30:05.123456789012-11:30
    2024-02-29T00:00:00Z                 2000-02-29T00:00:00Z    0004-02-29T00:00:00Z
    9999-12-31T23:59:59.9999999+14:00    2016-12-31T23:59:60Z    0001-01-01T14:00:00+14:00`;
  const invalid = `
    2016-12-31                 2016-12-31T23:56:56        2016-12-31T23:56:56.7799755
    2016-12-31T23:56Z          2016-12-31T23:56:56.Z      2016-12-31T23:56:56.1234567890123Z
    2016-12-31T23:56:56+0300   2016-12-31T23:56:56+03     2016-12-31T23:56:56+24:00
    2016-12-31T23:56:56+14:01  2016-12-31T23:56:56-15:00  2016-12-31T23:56:56+03:60
    0000-01-01T00:00:00Z       0000-12-31T23:00:00-05:00  0001-01-01T00:00:00+01:00
    9999-12-31T23:59:59-00:01  2023-02-29T00:00:00Z       1900-02-29T00:00:00Z
    2024-02-30T00:00:00Z       2024-04-31T00:00:00Z       2024-13-01T00:00:00Z
    2024-00-01T00:00:00Z       2024-01-00T00:00:00Z       2024-01-01T24:00:00Z
    2024-01-01T00:60:00Z       2024-01-01T00:00:61Z       24-01-01T00:00:00Z`;
  const spaced = ['', '2016-12-31 23:56:56Z', ' 2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z\n'];

  it('is a text that .NET can hold', () => {
    const wordsOf = (table: string) => table.trim().split(/\s+/);
    expect(wordsOf(valid).filter((text) => !isDateTimeLiteral(text))).toEqual([]);
    expect([...spaced, ...wordsOf(invalid)].filter(isDateTimeLiteral)).toEqual([]);
  });
});

const name = 'deviceManagement/complianceManagementPartners';

describe('a path', () => {
  const segment = (text: string) => ({
    kind: 'unknown' as const,
    message: `Resource not found for the segment '${text}'.`,
  });
  const version = (text: string) => ({
    kind: 'unknown' as const,
    message: `Invalid version: ${text}`,
  });
  const beta = { version: 'beta' } as const;
  const v1 = { version: 'v1.0' } as const;

  it.each<[string, ReturnType<typeof parseRoute>]>([
    [`/beta/${name}`, { kind: 'collection', ...beta }],
    [`/v1.0/${name}/`, { kind: 'collection', ...v1 }],
    [`/BETA/${name.toUpperCase()}`, { kind: 'collection', ...beta }],
    [`/beta/${name}/Abc`, { kind: 'partner', ...beta, id: 'Abc' }],
    [`/v1.0/${name}('Abc')`, { kind: 'partner', ...v1, id: 'Abc' }],
    [`/beta/${name}(%27Abc%27)`, { kind: 'partner', ...beta, id: 'Abc' }],
    [`/beta/${name}('it''s')`, { kind: 'partner', ...beta, id: "it's" }],
    [`/beta/${name}/a%2Fb`, { kind: 'partner', ...beta, id: 'a/b' }],
    [`/beta/${name}('$ref')`, { kind: 'partner', ...beta, id: '$ref' }],
    [`/beta/${name}/$ref`, { kind: 'noRoute', template: '~/singleton/navigation/$ref' }],
    [`/beta/${name}/$count`, { kind: 'noRoute', template: '~/singleton/navigation/$count' }],
    ['/beta/$batch', { kind: 'batch', ...beta }],
    ['/v1.0/$Batch/', { kind: 'batch', ...v1 }],
    ['/beta/$batch/x', segment('$batch')],
    ['/beta/$metadata', { kind: 'metadata', ...beta }],
    ['/v1.0/$METADATA/', { kind: 'metadata', ...v1 }],
    ['/beta/$metadata/x', segment('$metadata')],
    ['/beta/constructor', segment('constructor')],
    [`/beta/${name}/one/terminate`, segment('terminate')],
    [`/beta/${name}('one')/x`, segment('x')],
    [`/beta/${name}(one)`, segment('complianceManagementPartners(one)')],
    ['/beta/deviceManagement/managedDevices', segment('managedDevices')],
    ['/beta/users', segment('users')],
    [`/${name}`, version('deviceManagement')],
    ['/v2.0/users', version('v2.0')],
    ['/', version('')],
    ['/%zz', version('%zz')],
  ])('is read as Graph does: %s', (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });
});

describe('a route', () => {
  let graph: TestEmulator;

  beforeAll(async () => {
    graph = await startTestEmulator();
  });

  afterAll(() => graph.close());

  it.each<[string, string, number]>([
    ['GET', `/beta/${name}?top=0`, 400],
    ['GET', `/v1.0/${name}?top=0`, 200],
    ['GET', `/beta/${name}/one?expand=*`, 200],
    ['GET', `/beta/${name}/one?$select=nonsense`, 400],
    ['POST', `/v1.0/${name}`, 201],
    ['GET', `/v1.0/${name}/one`, 200],
    ['GET', `/beta/${name}('ONE')`, 200],
    ['PATCH', `/v1.0/${name}/one`, 200],
    ['PATCH', `/beta/${name}('One')`, 200],
    ['DELETE', `/v1.0/${name}/one`, 204],
    ['DELETE', `/beta/${name}('One')`, 204],
    ['GET', `/beta/${name}/two`, 404],
    ['PATCH', `/beta/${name}/two`, 404],
    ['DELETE', `/beta/${name}/two`, 404],
    ['GET', '/beta/deviceManagement/managedDevices', 400],
    ['PATCH', `/beta/${name}`, 405],
    ['DELETE', `/beta/${name}`, 405],
    ['PUT', `/beta/${name}/one`, 405],
    ['POST', `/beta/${name}/one`, 405],
  ])('answers %s %s with %d', async (method, path, status) => {
    await graph.ask('POST', `/beta/${name}`, { id: 'one' });
    const body = method === 'POST' || method === 'PATCH' ? {} : undefined;
    const { status: found, headers } = await graph.ask(method, path, body);
    const allowed = path.endsWith('/one') ? 'GET, PATCH, DELETE' : 'GET, POST';
    expect([found, headers['allow']]).toEqual([status, status === 405 ? allowed : undefined]);
  });

  it("rejects the reference page's $ref, because the collection is contained", async () => {
    const before = graph.partners();
    const answer = await graph.ask('POST', `/beta/${name}/$ref`, { displayName: 'Fleet' });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({
      error: {
        code: 'No method match route template',
        message: `No OData route exists that match template ~/singleton/navigation/$ref with http verb POST for request /StatelessOnboardingService/beta/${name}/$ref.`,
      },
    });
    expect(graph.partners()).toEqual(before);
  });
});

describe('the root of the links', () => {
  const host = 'localhost:1';
  const proxied = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'graph.test' };

  it.each([
    [{}, 'http://127.0.0.1'],
    [{ host }, 'http://localhost:1'],
    [{ host: '127.0.0.1:1', ...proxied }, 'https://graph.test'],
    [{ host: 'graph.test:1', 'x-forwarded-proto': 'https' }, 'https://graph.test:1'],
    [{ host, 'x-forwarded-proto': 'http, https' }, 'http://localhost:1'],
    [{ host, 'x-forwarded-proto': 'https, http' }, 'https://localhost:1'],
    [{ host, 'x-forwarded-host': 'a.test, b.test' }, 'http://a.test'],
    [{ host, 'x-forwarded-host': '', 'x-forwarded-proto': '' }, 'http://localhost:1'],
    [{ host, 'x-forwarded-proto': 'ftp' }, 'http://localhost:1'],
  ])('is for %j as the caller wrote it', (headers, root) => {
    expect(callerRootOf({ headers, isSecure: false })).toBe(root);
  });

  it("is the batch's own in a batch, whatever its requests say", async () => {
    const graph = await startTestEmulator({ seed: [{ id: 'a' }, { id: 'b' }], pageSize: 1 });
    const requests = [{ id: '1', method: 'GET', url: `/${name}`, headers: proxied }];
    const inside = await graph.ask('POST', batchPath, { requests });
    const outside = await graph.ask('POST', batchPath, { requests }, proxied);
    await graph.close();
    expect(inside.text).toContain(`"@odata.nextLink":"${graph.baseUrl}/beta`);
    expect(outside.text).toContain('"@odata.nextLink":"https://graph.test/beta');
  });
});
