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
    ['?$top=0', ['']],
    ["?$filter=id eq 'c'&$orderby=id desc&$skip=1&$select=id", ['ab', 'cd', 'e']],
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
    ['$skiptoken=made-up', /\$skiptoken/],
  ])('is refused for %s', async (query, message) => {
    const answer = await graph.ask('GET', `${collectionPath}?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.json).toHaveProperty('error.message', expect.stringMatching(message));
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
