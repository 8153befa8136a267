import { describe, expect, it } from '@jest/globals';
import { isDateTimeLiteral } from '../../src/emulator/model.ts';
import {
  batchPath,
  collectionPath,
  partnersPath as name,
  useTestEmulator,
} from './emulatorHarness.ts';

const stray = (property: string) =>
  `Could not find a property named '${property}' on type 'microsoft.graph.complianceManagementPartner'.`;

const rows = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, displayName: id.toUpperCase() }));
const paged = await useTestEmulator({ seed: rows, pageSize: 2 });
const named = await useTestEmulator({
  seed: ['Fleet', 'Jamf Pro', "O'Neill", null].map((displayName, index) => ({
    id: `${index}`,
    displayName,
  })),
});
const empty = await useTestEmulator();

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
    ["?$count=true&$filter=contains(displayName,'')", 'ab5 cd e'],
    ["?$count=true&$filter=startswith(displayName,'B')", 'b1'],
  ])('leads to the next until all of "%s" are read', async (query, pages) => {
    expect(await readAll(query)).toBe(pages);
  });

  const selectFailed = 'Parsing OData Select and Expand failed: ';

  it.each([
    ['$top=-1', "Invalid value '-1' for $top"],
    ['$top=0', "Invalid page size specified: '0'. Must be between 1 and 1000 inclusive."],
    ['$top=1001', "Invalid page size specified: '1001'"],
    ['$count=yes', "Invalid value 'yes' for $count"],
    ['$top=1&top=2', "Query option '$top' was specified more than once"],
    ['$levels=1', "The query parameter '$levels' is not supported."],
    ['$skiptoken=made-up', '$skiptoken'],
    ['$select=', "The value for OData query '$select' cannot be empty."],
    ['$select=id,DisplayName', `${selectFailed}${stray('DisplayName')}`],
    ['$select=toString', "'toString'"],
  ])('is rejected for %s', async (query, message) => {
    const error = { message: expect.stringContaining(message) };
    expect(await ask(`?${query}`)).toMatchObject({ status: 400, json: { error } });
  });

  it.each([
    ['displayName, id', '(displayName,id)', rows[0]],
    ['displayName', '(displayName)', { displayName: 'A' }],
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

describe('a filter', () => {
  const ask = (filter: string) =>
    named.ask('GET', `${collectionPath}?$filter=${encodeURIComponent(filter)}`);

  it.each<[string, (string | null)[]]>([
    ["displayName eq 'fLEET'", ['Fleet']],
    ['displayName eq null', [null]],
    ["startswith( displayName , 'jamf ' )", ['Jamf Pro']],
    ['startswith(displayName,null)', []],
    ["contains(displayName,'EE')", ['Fleet']],
    ["contains(displayName,'''')", ["O'Neill"]],
    ["contains(displayName,'')", ['Fleet', 'Jamf Pro', "O'Neill"]],
    ["(contains(displayName,'flee'))", ['Fleet']],
    ["  ( displayName  eq  'Fleet (Linux)' )  ", []],
  ])('%s leaves %j', async (filter, expected) => {
    const { json } = await ask(filter);
    const left = json['value'] as { displayName: string | null }[];
    expect(left.map(({ displayName }) => displayName)).toEqual(expected);
  });

  const clause = 'Invalid filter clause';
  const nested = `${'('.repeat(101)}true${')'.repeat(101)}`;
  const failure = expect.stringMatching(/An internal server error has occurred - Operation ID/);

  it.each([
    ['', 400, "The value for OData query '$filter' cannot be empty."],
    ["displayName eq 'O'Neill'", 400, `${clause}: ${stray('Neill')}`],
    ["displayName eq 'O''Neill", 400, clause],
    ["displayName eq 'a')", 400, clause],
    ["displayName toString 'F'", 400, `${clause}: ${stray('toString')}`],
    ['lastHeartbeatDateTime lt 2026-13-01T00:00:00Z', 400, clause],
    ['displayName eq "Fleet"', 400, clause],
    ["contains(constructor,'x')", 400, `${clause}: ${stray('constructor')}`],
    [nested, 400, `${clause}: The depth limit of '100' has been exceeded.`],
    [nested.slice(1, -1), 500, failure],
    ["partnerState eq 'enabled'", 500, failure],
    ["displayName eq 'a' and displayName eq 'b'", 500, failure],
    ["startswith(tolower(displayName),'a')", 500, failure],
  ])('%s is rejected with %d', async (filter, status, message) => {
    expect(await ask(filter)).toMatchObject({ status, json: { error: { message } } });
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

describe('a route', () => {
  const segment = (text: string) => `Resource not found for the segment '${text}'.`;
  // The reference page's request line has an id, but the collection is contained.
  const noRoute = (id: string) =>
    `No OData route exists that match template ~/singleton/navigation/${id} with http verb POST for request /StatelessOnboardingService/beta${name}/${id}.`;

  it.each<[string, string, number, string]>([
    ['GET', `/beta${name}?top=0`, 400, 'Invalid page size'],
    ['GET', `/v1.0${name}?top=0`, 200, 'value'],
    ['GET', `/beta${name}/one?expand=*`, 200, 'one'],
    ['GET', `/beta${name}/one?$select=nonsense`, 400, stray('nonsense')],
    ['POST', `/BETA${name.toUpperCase()}`, 201, 'id'],
    ['GET', `/beta${name}(%27One%27)`, 200, 'one'],
    ['GET', `/beta${name}('$ref')`, 200, '$ref'],
    ['GET', `/beta${name}('it''s')`, 200, "it's"],
    ['DELETE', `/v1.0${name}/one`, 204, ''],
    ['GET', `/beta${name}/two`, 404, 'ResourceNotFound'],
    ['PATCH', `/beta${name}`, 405, ''],
    ['POST', `/beta${name}/one`, 405, ''],
    ['GET', '/beta/$metadata/x', 400, segment('$metadata')],
    ['GET', '/v1.0/%24metadata?x=y', 200, '<Schema'],
    ['GET', '/beta/constructor', 400, segment('constructor')],
    ['GET', `/beta${name}/one/terminate`, 400, segment('terminate')],
    ['GET', `/beta${name}(one)`, 400, segment('complianceManagementPartners(one)')],
    ['GET', name, 400, 'Invalid version: deviceManagement'],
    ['GET', '/%zz', 400, 'Invalid version: %zz'],
    ['POST', `/beta${name}/$ref`, 400, noRoute('$ref')],
    ['POST', `/beta${name}/$count`, 400, noRoute('$count')],
  ])('answers %s %s with %d: %s', async (method, path, status, text) => {
    for (const id of ['one', '$ref', "it's"]) {
      await empty.ask('POST', collectionPath, { id });
    }
    const body = method === 'POST' || method === 'PATCH' ? {} : undefined;
    const answer = await empty.ask(method, path, body);
    const allowed = path.endsWith('/one') ? 'GET, PATCH, DELETE' : 'GET, POST';
    const allow = status === 405 ? allowed : undefined;
    expect([answer.status, answer.headers['allow']]).toEqual([status, allow]);
    expect(answer.text).toContain(text);
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
