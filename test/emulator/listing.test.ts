import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  collectionPath,
  openRaw,
  rawRequest,
  startTestEmulator,
  type TestEmulator,
} from './emulatorHarness.ts';

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

  it('counts all rows where it is asked to', async () => {
    expect((await read(`${collectionPath}?$count=true&$top=1`)).count).toBe(5);
    expect((await read(`${collectionPath}?$count=false`)).count).toBeUndefined();
  });

  it('names the host that the request named', async () => {
    const { ended, socket } = await openRaw(graph.baseUrl, rawRequest('GET', collectionPath));
    socket.end();
    expect((await ended).text).toContain(
      '"@odata.nextLink":"http://graph.test:8080/beta/deviceManagement/complianceManagementPartners?$skiptoken=',
    );
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
    ['$orderby=nobody', /^Could not find a property named 'nobody'/],
    ['$orderby=id,DisplayName desc', /^Could not find a property named 'DisplayName'/],
    ['$orderby=id downwards', /^Syntax error at position/],
    ['$search="nobody:x"', /^Could not find a property named 'nobody'/],
    ['$search="x', /^Syntax error/],
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
    const one = await read(`${collectionPath}?$count=true&$filter=startswith(displayName,%27B%27)`);
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

  it('is empty, with no next one, where there are no rows', async () => {
    const empty = await startTestEmulator();
    const { json } = await empty.ask('GET', collectionPath);
    expect(json).toEqual({ '@odata.context': expect.any(String), value: [] });
    await empty.close();
  });
});
