import { describe, expect, it } from '@jest/globals';
import { isDateTimeLiteral } from '../../src/emulator/model.ts';
import { batchPath, collectionPath, partnersPath, useTestEmulator } from './emulatorHarness.ts';

const stray = (name: string) =>
  `Could not find a property named '${name}' on type 'microsoft.graph.complianceManagementPartner'.`;

const rows = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, displayName: id.toUpperCase() }));
const paged = await useTestEmulator({ seed: rows, pageSize: 2 });
const displayNames = ['Fleet', 'Jamf Pro', "O'Neill", null];
const named = await useTestEmulator({
  seed: displayNames.map((displayName, index) => ({ id: `${index}`, displayName })),
});
const empty = await useTestEmulator();
const linked = await useTestEmulator({ seed: [{ id: 'a' }, { id: 'b' }], pageSize: 1 });

describe('a page of the list', () => {
  const ask = (query: string) => paged.ask('GET', `${collectionPath}${encodeURI(query)}`);

  interface Page {
    readonly ids: string;
    readonly next: string | undefined;
    readonly count: unknown;
  }

  async function read(path: string): Promise<Page> {
    const { json = {} } = await paged.ask('GET', path);
    const link = json['@odata.nextLink'] as string | undefined;
    return {
      ids: (json['value'] as { id: string }[]).map(({ id }) => id).join(''),
      next: link?.slice(paged.baseUrl.length),
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
      `${paged.baseUrl}/beta/$metadata#deviceManagement/complianceManagementPartners`,
    );
    expect(json['value']).toEqual(rows.slice(0, 2));
  });

  it.each([
    ['', 'ab cd e'],
    ['?$top=1', 'a b c d e'],
    ['?$top=1000', 'ab cd e'],
    ['?$orderby=id desc&$search=x', 'ab cd e'],
    ['?$skip=3&$top=1', 'd e'],
    ['?top=1&orderby=id&skip=3&search="displayName:x"', 'd e'],
    ['?$Top=1&own=1&$EXPAND=*', 'a b c d e'],
    ['?$select=id&$top=1', 'a b c d e'],
    ["?$filter=contains(displayName,'')&$top=1", 'a b c d e'],
    ["?$filter=displayName eq 'c'", 'c'],
  ])('leads to the next until all of "%s" are read', async (query, pages) => {
    expect(await readAll(query)).toBe(pages);
  });

  const selectFailed = 'Parsing OData Select and Expand failed: ';

  it.each([
    ['$top=-1', "Invalid value '-1' for $top"],
    ['$top=0', "Invalid page size specified: '0'. Must be between 1 and 1000 inclusive."],
    ['$top=1001', "Invalid page size specified: '1001'"],
    ['$skip=-1', "Invalid value '-1' for $skip"],
    ['$count=yes', "Invalid value 'yes' for $count"],
    ['$top=1&top=2', "Query option '$top' was specified more than once"],
    ['$levels=1', "The query parameter '$levels' is not supported."],
    ['$skiptoken=made-up', '$skiptoken'],
    ['$select=', "The value for OData query '$select' cannot be empty."],
    ['$select=id,DisplayName', `${selectFailed}${stray('DisplayName')}`],
    ['$select=toString', "'toString'"],
    ['$filter=', "The value for OData query '$filter' cannot be empty."],
  ])('is rejected for %s', async (query, message) => {
    const error = { message: expect.stringContaining(message) };
    expect(await ask(`?${query}`)).toMatchObject({ status: 400, json: { error } });
  });

  it('shows the selected properties and names them in its context', async () => {
    expect((await ask('?$select=displayName, id&$top=1')).json).toEqual({
      '@odata.context': `${paged.baseUrl}/beta/$metadata#deviceManagement/complianceManagementPartners(displayName,id)`,
      '@odata.nextLink': expect.any(String),
      value: [{ id: 'a', displayName: 'A' }],
    });
    const one = await ask('?$select=displayName&$top=1');
    expect(one.json).toHaveProperty('value', [{ displayName: 'A' }]);
    const all = await ask('?$select=*&$top=1');
    expect(all.json).toHaveProperty('value', rows.slice(0, 1));
  });

  it('counts the rows of the filter, on the first page only', async () => {
    const counted = `${collectionPath}?$count=true&$filter=`;
    const first = await read(`${counted}contains(displayName,%27%27)`);
    expect([first.count, (await read(first.next ?? '')).count]).toEqual([5, undefined]);
    const one = await read(`${counted}startswith(displayName,%27B%27)`);
    expect(one).toEqual({ ids: 'b', count: 1, next: undefined });
  });

  it('has a nextLink with the options, which is followed as it is or not at all', async () => {
    const query = "?$filter=contains(displayName,'')&$top=1&$select=id";
    const { next = '' } = await read(`${collectionPath}${query}`);
    expect(next).toMatch(
      /\?\$top=1&\$select=id&\$filter=contains\(displayName%2C''\)&\$skiptoken=[\w-]+$/,
    );
    expect((await paged.ask('GET', next)).json).toHaveProperty('value', [{ id: 'b' }]);
    for (const changed of [
      next.replace('$top=1', '$top=2'),
      next.replace(/\?.*&/, '?'),
      next.slice(0, -1),
    ]) {
      expect((await paged.ask('GET', changed)).status).toBe(400);
    }
  });

  it('keeps the place of rows that change, and neither repeats nor skips one', async () => {
    const before = await readAll('?$top=1');
    await paged.ask('PATCH', `${collectionPath}/c`, { displayName: 'changed' });
    expect(await readAll('?$top=1')).toBe(before);
    const first = await read(collectionPath);
    await paged.ask('DELETE', `${collectionPath}/a`);
    await paged.ask('POST', collectionPath, { id: 'f' });
    expect(first.ids).toBe('ab');
    expect((await read(first.next ?? '')).ids).toBe('cd');
    expect(await readAll('')).toBe('bc de f');
  });
});

describe('a filter', () => {
  const ask = (filter: string) =>
    named.ask('GET', `${collectionPath}?$filter=${encodeURIComponent(filter)}`);

  it.each<[string, (string | null)[]]>([
    ["displayName eq 'fLEET'", ['Fleet']],
    ["displayName eq 'O''Neill'", ["O'Neill"]],
    ['displayName eq null', [null]],
    ["  displayName  eq  'Jamf Pro'  ", ['Jamf Pro']],
    ["startswith( displayName , 'jamf ' )", ['Jamf Pro']],
    ['startswith(displayName,null)', []],
    ["contains(displayName,'EE')", ['Fleet']],
    ["contains(displayName,'''')", ["O'Neill"]],
    ["contains(displayName,'')", ['Fleet', 'Jamf Pro', "O'Neill"]],
    ["(contains(displayName,'flee'))", ['Fleet']],
    ["( displayName eq 'Fleet (Linux)' )", []],
  ])('%s leaves %j', async (filter, expected) => {
    const { json } = await ask(filter);
    const left = json?.['value'] as { displayName: string | null }[];
    expect(left.map(({ displayName }) => displayName)).toEqual(expected);
  });

  const clause = 'Invalid filter clause';
  const nested = `${'('.repeat(101)}true${')'.repeat(101)}`;

  it.each([
    ["displayName eq 'O'Neill'", `${clause}: ${stray('Neill')}`],
    ["displayName eq 'O''Neill", clause],
    ["displayName eq 'a')", clause],
    ["displayName toString 'F'", `${clause}: ${stray('toString')}`],
    ['lastHeartbeatDateTime lt 2026-13-01T00:00:00Z', clause],
    ['displayName eq "Fleet"', clause],
    ["DisplayName eq 'Fleet'", `${clause}: ${stray('DisplayName')}`],
    ["contains(constructor,'x')", `${clause}: ${stray('constructor')}`],
    [nested, `${clause}: The depth limit of '100' has been exceeded.`],
  ])('%s is rejected', async (filter, message) => {
    expect(await ask(filter)).toMatchObject({ status: 400, json: { error: { message } } });
  });

  it.each([
    "partnerState eq 'enabled'",
    "displayName in ('Fleet', 'Addigy')",
    "endswith(displayName,'t')",
    "contains(displayName,'a','b')",
    "displayName eq 'a' and displayName eq 'b'",
    "not (displayName eq 'a')",
    "startswith(tolower(displayName),'a')",
    'length(displayName) gt 5',
    nested.slice(1, -1),
  ])('%s makes the service fail', async (filter) => {
    const message = expect.stringMatching(/An internal server error has occurred - Operation ID/);
    const error = { code: 'InternalServerError', message };
    expect(await ask(filter)).toMatchObject({ status: 500, json: { error } });
  });
});

it('an Edm.DateTimeOffset is a text that .NET can hold', () => {
  // The texts in OData's grammar are the same in either case.
  const valid = `
    2016-12-31T23:56:56.7799755+03:00    0001-01-01T00:00:00Z    2026-02-11t08:30:05z
    2026-02-11T08:30:05.1Z               2024-02-29T00:00:00Z    2026-02-11T08:30:05.123456789012-11:30
    2000-02-29T00:00:00Z                 0004-02-29T00:00:00Z    9999-12-31T23:59:59.9999999+14:00
    2016-12-31T23:59:60Z                 0001-01-01T14:00:00+14:00`;
  const invalid = `
    2016-12-31                 2016-12-31T23:56:56        2016-12-31T23:56:56.7799755
    2016-12-31T23:56Z          2016-12-31T23:56:56.Z      2016-12-31T23:56:56.1234567890123Z
    2016-12-31T23:56:56+0300   2016-12-31T23:56:56+03     2016-12-31T23:56:56+24:00
    2016-12-31T23:56:56+14:01  2016-12-31T23:56:56-15:00  2016-12-31T23:56:56+03:60
    0000-01-01T00:00:00Z       0000-12-31T23:00:00-05:00  0001-01-01T00:00:00+01:00
    9999-12-31T23:59:59-00:01  2023-02-29T00:00:00Z       1900-02-29T00:00:00Z
    2024-02-30T00:00:00Z       2024-13-01T00:00:00Z       2024-00-01T00:00:00Z
    2024-01-00T00:00:00Z       2024-01-01T24:00:00Z       2024-01-01T00:60:00Z
    2024-01-01T00:00:61Z       24-01-01T00:00:00Z`;
  const spaced = ['', '2016-12-31 23:56:56Z', ' 2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z\n'];
  const wordsOf = (table: string) => table.trim().split(/\s+/);
  expect(wordsOf(valid).filter((text) => !isDateTimeLiteral(text))).toEqual([]);
  expect([...spaced, ...wordsOf(invalid)].filter(isDateTimeLiteral)).toEqual([]);
});

describe('a route', () => {
  const name = partnersPath;

  it.each<[string, string, number]>([
    ['GET', `/beta${name}?top=0`, 400],
    ['GET', `/v1.0${name}?top=0`, 200],
    ['GET', `/beta${name}/one?expand=*`, 200],
    ['GET', `/beta${name}/one?$select=nonsense`, 400],
    ['GET', `/v1.0${name}/`, 200],
    ['POST', `/BETA${name.toUpperCase()}`, 201],
    ['GET', `/beta${name}('ONE')`, 200],
    ['GET', `/beta${name}(%27One%27)`, 200],
    ['PATCH', `/beta${name}('One')`, 200],
    ['DELETE', `/v1.0${name}/one`, 204],
    ['GET', `/beta${name}/two`, 404],
    ['DELETE', `/beta${name}/two`, 404],
    ['PATCH', `/beta${name}`, 405],
    ['PUT', `/beta${name}/one`, 405],
    ['POST', `/beta${name}/one`, 405],
  ])('answers %s %s with %d', async (method, path, status) => {
    await empty.ask('POST', collectionPath, { id: 'one' });
    const body = method === 'POST' || method === 'PATCH' ? {} : undefined;
    const { status: found, headers } = await empty.ask(method, path, body);
    const allowed = path.endsWith('/one') ? 'GET, PATCH, DELETE' : 'GET, POST';
    expect([found, headers['allow']]).toEqual([status, status === 405 ? allowed : undefined]);
  });

  it.each(['$ref', "it's"])('finds the id %s in brackets', async (id) => {
    await empty.ask('POST', collectionPath, { id });
    const answer = await empty.ask('GET', `/beta${name}('${id.replace("'", "''")}')`);
    expect(answer).toMatchObject({ status: 200, json: { id } });
  });

  const segment = (text: string) => `Resource not found for the segment '${text}'.`;

  it.each([
    ['/beta/$metadata/x', segment('$metadata')],
    ['/beta/constructor', segment('constructor')],
    [`/beta${name}/one/terminate`, segment('terminate')],
    [`/beta${name}('one')/x`, segment('x')],
    [`/beta${name}(one)`, segment('complianceManagementPartners(one)')],
    ['/beta/deviceManagement/managedDevices', segment('managedDevices')],
    [name, 'Invalid version: deviceManagement'],
    ['/v2.0/users', 'Invalid version: v2.0'],
    ['/', 'Invalid version: '],
    ['/%zz', 'Invalid version: %zz'],
  ])('is none: %s', async (path, message) => {
    const error = { code: 'BadRequest', message };
    expect(await empty.ask('GET', path)).toMatchObject({ status: 400, json: { error } });
  });

  // The reference page's request line has the first, but the collection is contained.
  it.each(['$ref', '$count'])('does not lead to %s', async (id) => {
    const before = empty.partners();
    const answer = await empty.ask('POST', `/beta${name}/${id}`, { displayName: 'Fleet' });
    const error = {
      code: 'No method match route template',
      message: `No OData route exists that match template ~/singleton/navigation/${id} with http verb POST for request /StatelessOnboardingService/beta${name}/${id}.`,
    };
    expect(answer).toMatchObject({ status: 400, json: { error } });
    expect(empty.partners()).toEqual(before);
  });
});

describe('the root of the links', () => {
  const host = 'localhost:1';
  const proxied = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'graph.test' };

  it.each<[Record<string, string>, string]>([
    [{ host }, 'http://localhost:1'],
    [{ host: '127.0.0.1:1', ...proxied }, 'https://graph.test'],
    [{ host, 'x-forwarded-proto': 'http, https' }, 'http://localhost:1'],
    [{ host, 'x-forwarded-proto': 'https, http' }, 'https://localhost:1'],
    [{ host, 'x-forwarded-host': 'a.test, b.test' }, 'http://a.test'],
    [{ host, 'x-forwarded-host': '', 'x-forwarded-proto': '' }, 'http://localhost:1'],
  ])('is for %j as the caller wrote it', async (headers, root) => {
    const { text } = await linked.ask('GET', collectionPath, undefined, headers);
    expect(text).toContain(`"@odata.nextLink":"${root}/beta`);
  });

  it("is the batch's own in a batch, whatever its requests say", async () => {
    const requests = [{ id: '1', method: 'GET', url: partnersPath, headers: proxied }];
    const inside = await linked.ask('POST', batchPath, { requests });
    const outside = await linked.ask('POST', batchPath, { requests }, proxied);
    expect(inside.text).toContain(`"@odata.nextLink":"${linked.baseUrl}/beta`);
    expect(outside.text).toContain('"@odata.nextLink":"https://graph.test/beta');
  });
});
