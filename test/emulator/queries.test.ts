import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseFilter } from '../../src/emulator/filter.ts';
import { callerRootOf, parseRoute, unknownSegment } from '../../src/emulator/http.ts';
import { isDateTimeLiteral, modelOf } from '../../src/emulator/model.ts';
import {
  batchPath,
  collectionPath,
  startTestEmulator,
  type TestEmulator,
} from './emulatorHarness.ts';

describe('listing', () => {
  let graph: TestEmulator;

  beforeAll(async () => {
    const seed = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, displayName: id.toUpperCase() }));
    graph = await startTestEmulator({ seed, pageSize: 2 });
  });

  afterAll(() => graph.close());

  interface Page {
    readonly ids: string;
    readonly next: string | undefined;
    readonly count: unknown;
  }

  async function read(path: string): Promise<Page> {
    const { json = {} } = await graph.ask('GET', path);
    const rows = json['value'] as { id: string }[];
    return {
      ids: rows.map(({ id }) => id).join(''),
      next: json['@odata.nextLink'] as string | undefined,
      count: json['@odata.count'],
    };
  }

  async function readAll(query: string): Promise<string[]> {
    const pages: string[] = [];
    let path: string | undefined = `${collectionPath}${query}`;
    while (path !== undefined) {
      const { ids, next }: Page = await read(path);
      pages.push(ids);
      path = next?.slice(graph.baseUrl.length);
    }
    return pages;
  }

  describe('a page of the list', () => {
    it('begins with the context and has the rows at the end, without their type', async () => {
      const { json = {} } = await graph.ask('GET', `${collectionPath}?$count=true`);
      expect(Object.keys(json)).toEqual([
        '@odata.context',
        '@odata.count',
        '@odata.nextLink',
        'value',
      ]);
      expect(json['@odata.context']).toBe(
        `${graph.baseUrl}/beta/$metadata#deviceManagement/complianceManagementPartners`,
      );
      expect(json['value']).toEqual([
        { id: 'a', displayName: 'A' },
        { id: 'b', displayName: 'B' },
      ]);
    });

    it.each<[string, string[]]>([
      ['', ['ab', 'cd', 'e']],
      ['?$top=1', ['a', 'b', 'c', 'd', 'e']],
      ['?$top=100', ['ab', 'cd', 'e']],
      ['?$top=1000', ['ab', 'cd', 'e']],
      ['?$orderby=id desc&$search=x', ['ab', 'cd', 'e']],
      ['?$skip=1', ['bc', 'de']],
      ['?$skip=3&$top=1', ['d', 'e']],
      ['?$skip=9', ['']],
      ['?top=1&orderby=id&skip=3&search="displayName:x"', ['d', 'e']],
      ['?$Top=1&own=1&$EXPAND=*', ['a', 'b', 'c', 'd', 'e']],
      ['?$select=id&$top=1', ['a', 'b', 'c', 'd', 'e']],
      ["?$filter=contains(displayName,'')&$top=1", ['a', 'b', 'c', 'd', 'e']],
      ["?$filter=displayName eq 'c'", ['c']],
      ["?$filter=displayName eq 'nobody'", ['']],
    ])('leads to the next until all of "%s" are read', async (query, pages) => {
      expect(await readAll(query.replaceAll(' ', '%20'))).toEqual(pages);
    });

    it.each<[string, RegExp]>([
      ['$top=-1', /Invalid value '-1' for \$top/],
      ['$top=many', /Invalid value 'many' for \$top/],
      ['$top=', /Invalid value '' for \$top/],
      ['$skip=-1', /Invalid value '-1' for \$skip/],
      ['$count=yes', /Invalid value 'yes' for \$count/],
      ['$top=1&top=2', /^Query option '\$top' was specified more than once/],
      ['$levels=1', /^The query parameter '\$levels' is not supported\.$/],
      ['$expand=assignments', /^Parsing OData Select and Expand failed: Could not find a property/],
      ['$expand=displayName($select=id)', /is not a navigation property or complex property/],
      ['$expand=', /^The value for OData query '\$expand' cannot be empty\.$/],
      ['$top=0', /^Invalid page size specified: '0'\. Must be between 1 and 1000 inclusive\.$/],
      ['$top=1001', /^Invalid page size specified: '1001'/],
      ['$skiptoken=made-up', /\$skiptoken/],
      ['$select=', /^The value for OData query '\$select' cannot be empty\.$/],
      [
        '$select=id,DisplayName',
        /^Parsing OData Select and Expand failed: Could not find a property named 'DisplayName' on type 'microsoft\.graph\.complianceManagementPartner'\.$/,
      ],
      ['$select=windowsOnboarded', /'windowsOnboarded'/],
      ['$select=toString', /'toString'/],
      ['$filter=', /^The value for OData query '\$filter' cannot be empty\.$/],
      ['$filter=nonsense', /^Invalid filter clause: Could not find a property named 'nonsense'/],
    ])('is refused for %s', async (query, message) => {
      const answer = await graph.ask('GET', `${collectionPath}?${query}`);
      expect(answer.status).toBe(400);
      expect(answer.json).toHaveProperty('error.message', expect.stringMatching(message));
    });

    it('fails as a whole where the service has no such filter', async () => {
      const answer = await graph.ask('GET', `${collectionPath}?$filter=endswith(displayName,'c')`);
      expect(answer.status).toBe(500);
      expect(answer.json).toMatchObject({
        error: {
          code: 'InternalServerError',
          message: expect.stringMatching(/An internal server error has occurred - Operation ID/),
        },
      });
    });

    it('shows what is selected and says so in its context', async () => {
      const { json } = await graph.ask('GET', `${collectionPath}?$select=displayName,%20id&$top=1`);
      expect(json).toEqual({
        '@odata.context': `${graph.baseUrl}/beta/$metadata#deviceManagement/complianceManagementPartners(displayName,id)`,
        '@odata.nextLink': expect.any(String),
        value: [{ id: 'a', displayName: 'A' }],
      });
      const named = await graph.ask('GET', `${collectionPath}?$select=displayName&$top=1`);
      expect(named.json).toHaveProperty('value', [{ displayName: 'A' }]);
      const all = await graph.ask('GET', `${collectionPath}?$select=*&$top=1`);
      expect(all.json).toHaveProperty('value', [{ id: 'a', displayName: 'A' }]);
    });

    it('counts what the filter leaves, on the first page only', async () => {
      const filter = '$filter=contains(displayName,%27%27)';
      const first = await read(`${collectionPath}?$count=true&${filter}`);
      expect(first.count).toBe(5);
      expect((await read(first.next?.slice(graph.baseUrl.length) ?? '')).count).toBeUndefined();
      const one = await read(
        `${collectionPath}?$count=true&$filter=startswith(displayName,%27B%27)`,
      );
      expect(one).toMatchObject({ ids: 'b', count: 1, next: undefined });
    });

    it('carries the options on in its nextLink, which is followed as it is or not at all', async () => {
      const filter = "$filter=contains(displayName,'')";
      const { next = '' } = await read(`${collectionPath}?${filter}&$top=1&$select=id`);
      expect(next).toMatch(
        /\?\$top=1&\$select=id&\$filter=contains\(displayName%2C''\)&\$skiptoken=[\w-]+$/,
      );
      const path = next.slice(graph.baseUrl.length);
      expect((await graph.ask('GET', path)).json).toHaveProperty('value', [{ id: 'b' }]);
      const changed = ['$top=2', '$select=displayName'].map((option) =>
        path.replace(new RegExp(`\\${option.split('=')[0]}=[^&]*`), option),
      );
      const token = /\$skiptoken=.*$/.exec(path)?.[0] ?? '';
      for (const odd of [...changed, `${collectionPath}?${token}`, path.slice(0, -1)]) {
        expect((await graph.ask('GET', odd)).status).toBe(400);
      }
    });

    it('neither repeats nor skips a row when others come and go between the pages', async () => {
      const first = await read(collectionPath);
      await graph.ask('DELETE', `${collectionPath}/a`);
      await graph.ask('POST', collectionPath, { id: 'f' });
      expect(first.ids).toBe('ab');
      expect((await read(first.next?.slice(graph.baseUrl.length) ?? '')).ids).toBe('cd');
      expect(await readAll('')).toEqual(['bc', 'de', 'f']);
    });

    it('keeps the place of a row that changes', async () => {
      const before = await readAll('?$top=1');
      await graph.ask('PATCH', `${collectionPath}/c`, { displayName: 'changed' });
      expect(await readAll('?$top=1')).toEqual(before);
    });
  });
});

const names = ['Fleet', 'Jamf Pro', "O'Neill", null];
const parse = (filter: string) => parseFilter(filter, modelOf('today'));

describe('a filter', () => {
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
  ])('leaves of the names by %s those that fit', (filter, expected) => {
    const fits = parse(filter);
    expect(names.filter((displayName) => fits({ id: 'x', displayName }))).toEqual(expected);
  });

  const stray = (name: string) =>
    `Invalid filter clause: Could not find a property named '${name}' on type 'microsoft.graph.complianceManagementPartner'.`;
  const unknownFunction = (name: string) =>
    `Invalid filter clause: An unknown function with name '${name}' was found.`;
  const failure = 'An internal server error has occurred';

  it.each<[string, number, string]>([
    ['displayName', 400, 'Invalid filter clause'],
    ['displayName eq Fleet', 400, stray('Fleet')],
    ["displayName eq 'O'Neill'", 400, 'Invalid filter clause'],
    ["displayName eq 'a' and", 400, 'Invalid filter clause'],
    ["displayName eq 'a' and 'b'", 400, 'Invalid filter clause'],
    ["(displayName eq 'a'", 400, 'Invalid filter clause'],
    ["displayName eq 'a')", 400, 'Invalid filter clause'],
    ["displayName startswith 'F'", 400, 'Invalid filter clause'],
    ["displayName toString 'F'", 400, 'Invalid filter clause'],
    ['not displayName', 400, 'Invalid filter clause'],
    ['displayName eq "Fleet"', 400, 'Invalid filter clause'],
    ["eq(displayName,'Fleet')", 400, unknownFunction('eq')],
    ["toString(displayName,'F')", 400, unknownFunction('toString')],
    ["name eq 'Fleet'", 400, stray('name')],
    ["DisplayName eq 'Fleet'", 400, stray('DisplayName')],
    ['windowsOnboarded eq true', 400, stray('windowsOnboarded')],
    ["contains(constructor,'x')", 400, stray('constructor')],
    [
      `${'('.repeat(8000)}true${')'.repeat(8000)}`,
      400,
      "Invalid filter clause: The depth limit of '100' has been exceeded.",
    ],
    ["partnerState eq 'enabled'", 500, failure],
    ['lastHeartbeatDateTime lt 2026-01-01T00:00:00Z', 500, failure],
    ["displayName ne 'Fleet'", 500, failure],
    ["displayName in ('Fleet', 'Addigy')", 500, failure],
    ["endswith(displayName,'t')", 500, failure],
    ["displayName eq 'a' and displayName eq 'b'", 500, failure],
    ["startswith(displayName,'a') or startswith(displayName,'b')", 500, failure],
    ["not (displayName eq 'a')", 500, failure],
    ["startswith(tolower(displayName),'a')", 500, failure],
    ["contains('Fleet',displayName)", 500, failure],
    ["'Fleet' eq displayName", 500, failure],
    ['iosOnboarded', 500, failure],
    ['length(displayName) gt 5', 500, failure],
    ['year(lastHeartbeatDateTime) ge 2026 and not iosOnboarded', 500, failure],
  ])('that is %.60s is answered with %d', (filter, status, message) => {
    expect(() => parse(filter)).toThrow(expect.objectContaining({ status, message }));
  });
});

describe('isDateTimeLiteral', () => {
  it.each([
    '2016-12-31T23:56:56.7799755+03:00',
    '0001-01-01T00:00:00Z',
    '2026-02-11T08:30:05Z',
    // The texts in OData's grammar are the same in either case.
    '2026-02-11t08:30:05z',
    '2026-02-11T08:30:05.1Z',
    '2026-02-11T08:30:05.123456789012-11:30',
    '2024-02-29T00:00:00Z',
    '2000-02-29T00:00:00Z',
    '0004-02-29T00:00:00Z',
    '2016-12-31T23:59:60Z',
    '9999-12-31T23:59:59.9999999+14:00',
    '0001-01-01T14:00:00+14:00',
  ])('takes %s', (text) => {
    expect(isDateTimeLiteral(text)).toBe(true);
  });

  it.each([
    '',
    '2016-12-31',
    '2016-12-31T23:56:56',
    '2016-12-31T23:56:56.7799755',
    '2016-12-31T23:56Z',
    '2016-12-31 23:56:56Z',
    '2016-12-31T23:56:56.Z',
    '2016-12-31T23:56:56.1234567890123Z',
    '2016-12-31T23:56:56+0300',
    '2016-12-31T23:56:56+03',
    '2016-12-31T23:56:56+24:00',
    '2016-12-31T23:56:56+14:01',
    '2016-12-31T23:56:56-15:00',
    '0000-01-01T00:00:00Z',
    '0000-12-31T23:00:00-05:00',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-00:01',
    '2016-12-31T23:56:56+03:60',
    '2023-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2024-02-30T00:00:00Z',
    '2024-04-31T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-00-01T00:00:00Z',
    '2024-01-00T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:60:00Z',
    '2024-01-01T00:00:61Z',
    ' 2024-01-01T00:00:00Z',
    '2024-01-01T00:00:00Z\n',
    '24-01-01T00:00:00Z',
  ])('refuses %j', (text) => {
    expect(isDateTimeLiteral(text)).toBe(false);
  });
});

const name = 'deviceManagement/complianceManagementPartners';

const invalid = (version: string) => ({
  kind: 'unknown' as const,
  message: `Invalid version: ${version}`,
});

describe('parseRoute', () => {
  it.each<[string, ReturnType<typeof parseRoute>]>([
    [`/beta/${name}`, { kind: 'collection', version: 'beta' }],
    [`/v1.0/${name}/`, { kind: 'collection', version: 'v1.0' }],
    [`/BETA/${name.toUpperCase()}`, { kind: 'collection', version: 'beta' }],
    [`/beta/${name}/Abc`, { kind: 'partner', version: 'beta', id: 'Abc' }],
    [`/v1.0/${name}('Abc')`, { kind: 'partner', version: 'v1.0', id: 'Abc' }],
    [`/beta/${name}(%27Abc%27)`, { kind: 'partner', version: 'beta', id: 'Abc' }],
    [`/beta/${name}('it''s')`, { kind: 'partner', version: 'beta', id: "it's" }],
    [`/beta/${name}/a%2Fb`, { kind: 'partner', version: 'beta', id: 'a/b' }],
    [`/beta/${name}('$ref')`, { kind: 'partner', version: 'beta', id: '$ref' }],
    [`/beta/${name}/$ref`, { kind: 'noRoute', template: '~/singleton/navigation/$ref' }],
    [`/beta/${name}/$count`, { kind: 'noRoute', template: '~/singleton/navigation/$count' }],
    ['/beta/$batch', { kind: 'batch', version: 'beta' }],
    ['/v1.0/$Batch/', { kind: 'batch', version: 'v1.0' }],
    ['/beta/$batch/x', unknownSegment('$batch')],
    ['/beta/$metadata', { kind: 'metadata', version: 'beta' }],
    ['/v1.0/$METADATA/', { kind: 'metadata', version: 'v1.0' }],
    ['/beta/$metadata/x', unknownSegment('$metadata')],
    ['/beta/constructor', unknownSegment('constructor')],
    [`/beta/${name}/one/terminate`, unknownSegment('terminate')],
    [`/beta/${name}('one')/x`, unknownSegment('x')],
    [`/beta/${name}(one)`, unknownSegment(`${name.split('/')[1]}(one)`)],
    ['/beta/deviceManagement/managedDevices', unknownSegment('managedDevices')],
    ['/beta/users', unknownSegment('users')],
    [`/${name}`, invalid('deviceManagement')],
    ['/v2.0/users', invalid('v2.0')],
    ['/', invalid('')],
    ['/%zz', invalid('%zz')],
  ])('reads %s', (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });
});

describe('the routes', () => {
  let graph: TestEmulator;

  beforeAll(async () => {
    graph = await startTestEmulator();
  });

  beforeEach(async () => {
    await graph.ask('POST', `/beta/${name}`, { id: 'one' });
  });

  afterAll(() => graph.close());

  it.each<[string, string, number]>([
    ['GET', `/v1.0/${name}`, 200],
    ['GET', `/beta/${name}?$orderby=displayName`, 200],
    ['GET', `/beta/${name}?$filter=nonsense`, 400],
    ['GET', `/beta/${name}?top=0`, 400],
    ['GET', `/v1.0/${name}?top=0`, 200],
    ['GET', `/beta/${name}/one?$expand=nobody`, 400],
    ['GET', `/beta/${name}/one?expand=*`, 200],
    ['GET', `/beta/${name}?$filter=partnerState%20eq%20%27enabled%27`, 500],
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
    ['POST', `/beta/${name}/$ref`, 400],
    ['GET', '/beta/deviceManagement/managedDevices', 400],
    ['GET', '/v3/anything', 400],
    ['PATCH', `/beta/${name}`, 405],
    ['DELETE', `/beta/${name}`, 405],
    ['PUT', `/beta/${name}/one`, 405],
    ['POST', `/beta/${name}/one`, 405],
  ])('answer %s %s with %d', async (method, path, status) => {
    const body = method === 'POST' || method === 'PATCH' ? {} : undefined;
    expect((await graph.ask(method, path, body)).status).toBe(status);
  });

  it('name the methods that would be allowed', async () => {
    const collection = await graph.ask('PATCH', `/beta/${name}`, {});
    const partner = await graph.ask('PUT', `/beta/${name}/one`, {});
    expect(collection.headers['allow']).toBe('GET, POST');
    expect(partner.headers['allow']).toBe('GET, PATCH, DELETE');
  });

  it("refuse the reference page's $ref, because the collection is contained", async () => {
    const answer = await graph.ask('POST', `/beta/${name}/$ref`, { displayName: 'Fleet' });
    expect(answer.json).toMatchObject({
      error: {
        code: 'No method match route template',
        message: `No OData route exists that match template ~/singleton/navigation/$ref with http verb POST for request /StatelessOnboardingService/beta/${name}/$ref.`,
      },
    });
    expect(graph.partners().filter(({ displayName }) => displayName === 'Fleet')).toEqual([]);
  });
});

const proxied = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'graph.test' };

describe('the root of the links', () => {
  it.each([
    [{}, 'http://127.0.0.1'],
    [{ host: 'localhost:1' }, 'http://localhost:1'],
    [{ host: '127.0.0.1:1', ...proxied }, 'https://graph.test'],
    [{ host: 'graph.test:1', 'x-forwarded-proto': 'https' }, 'https://graph.test:1'],
    [{ host: 'localhost:1', 'x-forwarded-proto': 'http, https' }, 'http://localhost:1'],
    [{ host: 'localhost:1', 'x-forwarded-proto': 'https, http' }, 'https://localhost:1'],
    [{ host: 'localhost:1', 'x-forwarded-host': 'a.test, b.test' }, 'http://a.test'],
    [
      { host: 'localhost:1', 'x-forwarded-host': '', 'x-forwarded-proto': '' },
      'http://localhost:1',
    ],
    [{ host: 'localhost:1', 'x-forwarded-proto': 'ftp' }, 'http://localhost:1'],
  ])('is for %j what the caller wrote', (headers, root) => {
    expect(callerRootOf({ headers, isSecure: false })).toBe(root);
  });

  it("is in a batch the batch's own, whatever its requests say", async () => {
    const graph = await startTestEmulator({ seed: [{ id: 'a' }, { id: 'b' }], pageSize: 1 });
    const url = collectionPath.slice('/beta'.length);
    const requests = [{ id: '1', method: 'GET', url, headers: proxied }];
    const inside = await graph.ask('POST', batchPath, { requests });
    expect(inside.text).toContain(`"@odata.nextLink":"${graph.baseUrl}/beta`);
    const outside = await graph.ask('POST', batchPath, { requests }, proxied);
    expect(outside.text).toContain('"@odata.nextLink":"https://graph.test/beta');
    await graph.close();
  });
});
