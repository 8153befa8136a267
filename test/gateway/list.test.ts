import { afterAll, describe, expect, it } from '@jest/globals';
import { catalogue } from '../../src/emulator/store.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import { everything, listQuery, partnerQuery } from '../support/documents.ts';
import { json } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';
import type { TestGateway } from '../support/testGateways.ts';

const { embedded, scripted } = useStages();
const ofFile = useStages(afterAll);

const rowsOf = (count: number): PartnerResource[] =>
  Array.from({ length: count }, (_value, index) => ({ id: `row-${index}` }));
const named: readonly PartnerResource[] = rowsOf(12).map((row, index) => ({
  ...row,
  displayName: `${'CABD'.charAt(index % 4)}${index}`,
  partnerState: index % 3 === 0 ? 'enabled' : 'unknown',
  lastHeartbeatDateTime: `2026-01-${String(12 - index).padStart(2, '0')}T00:00:00Z`,
}));
const limits = { LIMIT_ROOT_FIELDS: '50', LIMIT_ALIASES: '50' };
const { graph, gateway } = await ofFile.embedded({ seed: named, pageSize: 5 }, limits);

const start = (seed: readonly PartnerResource[]) => embedded({ seed, pageSize: 5 });

interface Connection {
  readonly edges: { cursor: string; node: { id: string } }[];
  readonly nodes: { id: string }[];
  readonly totalCount: number;
  readonly pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
}

const query = `query List($first: Int, $after: String, $last: Int, $before: String,
    $filter: ComplianceManagementPartnerFilter, $orderBy: [ComplianceManagementPartnerOrder!]) {
  complianceManagementPartners(first: $first, after: $after, last: $last, before: $before,
      filter: $filter, orderBy: $orderBy) {
    totalCount nodes { id } edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;
const select = (variables: object) => gateway.ask<Connection>(query, variables);
const list = (of: TestGateway, variables: object = {}) => of.ask<Connection>(listQuery, variables);
const idsOf = ({ nodes }: Connection): string[] => nodes.map(({ id }) => id);
const numbered = (...numbers: number[]): string[] => numbers.map((number) => `row-${number}`);
const byName = [{ field: 'DISPLAY_NAME' }];

describe('the list', () => {
  it.each([
    [{ first: 3 }, 1],
    [{ first: 4 }, 1],
    [{ first: 5 }, 2],
    [{ first: 9 }, 2],
    [{ first: 100 }, 3],
  ])('reads no more pages of five rows than %j needs', async (variables, calls) => {
    const before = graph.requests.length;
    await list(gateway, variables);
    expect(graph.requests).toHaveLength(before + calls);
  });

  it('is empty where Graph has nothing', async () => {
    const empty = await start([]);
    expect(await list(empty.gateway)).toEqual({
      edges: [],
      nodes: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  });

  it('goes on behind the same row after rows before it came or went', async () => {
    const { pageInfo } = await list(gateway, { first: 4 });
    for (const seed of [[{ id: 'new' }, ...rowsOf(10).slice(1)], rowsOf(10).slice(2)]) {
      const changed = await start(seed);
      const next = await list(changed.gateway, { first: 3, after: pageInfo.endCursor });
      expect(idsOf(next)).toEqual(numbered(4, 5, 6));
    }
  });

  it('survives unrecognized states, target types, null items, missing targets and properties', async () => {
    const odd = {
      '@odata.type': 'microsoft.graph.complianceManagementPartner',
      id: 'odd',
      partnerState: 'hibernating',
      lastHeartbeatDateTime: 'yesterday',
      moodOnboarded: true,
      iosEnrollmentAssignments: [
        null,
        {},
        { target: null },
        { target: { '@odata.type': '#microsoft.graph.everyoneTarget', depth: { a: [1, null] } } },
        { target: { '@odata.type': 'microsoft.graph.groupAssignmentTarget', groupId: 'g' } },
      ],
    };
    const value = [odd, { id: 'plain', partnerState: 'enabled' }];
    const { gateway } = await scripted(json(200, { value }));
    const all = `{ complianceManagementPartners { nodes { ...Everything revision } } } ${everything}`;
    const unrecognized = {
      __typename: 'UnrecognizedAssignmentTarget',
      odataType: '#microsoft.graph.everyoneTarget',
      properties: { depth: { a: [1, null] } },
    };
    expect(await gateway.ask(all)).toMatchObject({
      nodes: [
        {
          id: 'odd',
          partnerState: 'UNKNOWN_FUTURE_VALUE',
          lastHeartbeatDateTime: 'yesterday',
          iosEnrollmentAssignments: [
            { target: null },
            { target: null },
            { target: null },
            { target: unrecognized },
            { target: { __typename: 'GroupAssignmentTarget', groupId: 'g' } },
          ],
        },
        { id: 'plain', partnerState: 'ENABLED' },
      ],
    });
  });
});

describe('a list whose pages repeat', () => {
  const path = '/beta/deviceManagement/complianceManagementPartners';

  /** A Graph whose pages have these ids, each with a link to the next; again and again, if told so. */
  function startPages(pages: readonly string[][], isEndless = false) {
    let page = 0;
    return scripted((response, request) => {
      const ids = pages[isEndless ? page % pages.length : page] ?? [];
      page += 1;
      const isLast = !isEndless && page === pages.length;
      const value = ids.map((id) => ({ id }));
      const next = { '@odata.nextLink': `${path}?$skiptoken=${page}` };
      json(200, { value, ...(!isLast && next) })(response, request);
    });
  }

  it.each([
    ['one page', [['a', 'b']]],
    ['two pages', [['a'], ['b']]],
    ['pages with empty ones between', [['a', 'b'], []]],
  ])(
    'fails at most 3 requests after the first repeated page when links differ for %s',
    async (_what, pages) => {
      const { gateway, graph } = await startPages(pages, true);
      expect((await gateway.run(query)).codes).toEqual(['UPSTREAM_BAD_RESPONSE']);
      const firstRepeated = pages.length + 1;
      expect(graph.requests.length).toBeLessThanOrEqual(firstRepeated + 3);
    },
  );

  const own = [['a'], ['a'], ['a'], ['b'], ['a'], ['a'], ['c']];
  const uuid = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
  it.each([
    ['that moved to a later page', [['a', 'b'], ['b', 'c'], ['d']], ['a', 'b', 'c', 'd']],
    ['that moved to a page of its own', [['a'], ['b'], ['a'], ['b'], ['c']], ['a', 'b', 'c']],
    ['that moved to pages of its own again and again', own, ['a', 'b', 'c']],
    ['that moved to the last page', [['a', 'b'], ['a']], ['a', 'b']],
    ['that is twice on its page', [['a', 'a', 'b']], ['a', 'b']],
    [
      'with a UUID in another case, and other ids as they are',
      [[uuid, 'ab'], [uuid.toUpperCase(), 'AB'], []],
      [uuid, 'ab', 'AB'],
    ],
  ])('shows and counts a row once %s', async (_where, pages, ids) => {
    const { gateway } = await startPages(pages);
    const connection = await gateway.ask<Connection>(query);
    expect([connection.totalCount, idsOf(connection)]).toEqual([ids.length, ids]);
  });

  it('fills a page from behind a repeated row', async () => {
    const { gateway } = await startPages([['a', 'b'], ['b', 'c'], ['d']]);
    expect(idsOf(await list(gateway, { first: 3 }))).toEqual(['a', 'b', 'c']);
  });
});

describe('one partner', () => {
  it('is read by its id', async () => {
    const { gateway, graph } = await embedded();
    const { id, displayName, lastHeartbeatDateTime } = catalogue[0] ?? {};
    expect(await gateway.ask(partnerQuery, { id })).toMatchObject({
      id,
      displayName,
      lastHeartbeatDateTime,
    });
    expect(graph.requests).toHaveLength(1);
  });
});

describe('the selected list', () => {
  it('filters over all pages and counts what it finds', async () => {
    const connection = await select({ filter: { partnerState: { eq: 'ENABLED' } }, first: 3 });
    expect(idsOf(connection)).toEqual(numbered(0, 3, 6));
    expect(connection).toMatchObject({ totalCount: 4, pageInfo: { hasNextPage: true } });
  });

  it('orders by several keys, each in its direction', async () => {
    const last = { field: 'LAST_HEARTBEAT_DATE_TIME' };
    const orderBy = [{ field: 'PARTNER_STATE', direction: 'DESC' }, last];
    const ids = numbered(9, 6, 3, 0, 11, 10, 8, 7, 5, 4, 2, 1);
    expect(idsOf(await select({ orderBy }))).toEqual(ids);
  });

  const both = {
    filter: { partnerState: { notIn: ['ENABLED'] } },
    orderBy: [{ field: 'DISPLAY_NAME', direction: 'DESC' }],
  };
  it.each<[string, object]>([
    ["Graph's order", {}],
    ['an order', { orderBy: byName }],
    ['a filter', { filter: { not: { displayName: { startsWith: 'c' } } } }],
    ['both', both],
  ])('goes forwards and backwards over the same rows in %s', async (_what, selection) => {
    const all = idsOf(await select(selection));
    const forwards: string[] = [];
    let after: string | null = null;
    for (let isMore = true; isMore; ) {
      const connection: Connection = await select({ ...selection, first: 2, after });
      forwards.push(...idsOf(connection));
      expect(connection.edges.map(({ node }) => node)).toEqual(connection.nodes);
      expect(connection.pageInfo.startCursor).toBe(connection.edges[0]?.cursor);
      expect(connection.pageInfo.hasPreviousPage).toBe(after !== null);
      ({ hasNextPage: isMore, endCursor: after } = connection.pageInfo);
    }
    const backwards: string[] = [];
    let before: string | null = null;
    for (let isMore = true; isMore; ) {
      const connection: Connection = await select({ ...selection, last: 2, before });
      backwards.unshift(...idsOf(connection));
      expect(connection.pageInfo.hasNextPage).toBe(before !== null);
      ({ hasPreviousPage: isMore, startCursor: before } = connection.pageInfo);
    }
    expect([forwards, backwards]).toEqual([all, all]);
    expect(all.length).toBeGreaterThan(6);
  });

  it.each<[object, boolean, boolean]>([
    [{ first: 0 }, true, false],
    [{ last: 0 }, false, true],
    [{ first: 2, last: 0 }, true, true],
    [{ first: 0, filter: { displayName: { eq: 'none' } } }, false, false],
    [{ last: 0, orderBy: byName }, false, true],
  ])('counts without a page for %j', async (selection, hasNextPage, hasPreviousPage) => {
    const { nodes, totalCount, pageInfo } = await select(selection);
    expect([nodes, totalCount]).toEqual([[], 'filter' in selection ? 0 : named.length]);
    const cursors = { startCursor: null, endCursor: null };
    expect(pageInfo).toEqual({ hasNextPage, hasPreviousPage, ...cursors });
  });

  it('places an empty page at its cursor', async () => {
    const { startCursor: before, endCursor: after } = (await select({ first: 3 })).pageInfo;
    expect((await select({ first: 0, after })).pageInfo).toMatchObject({
      hasNextPage: true,
      hasPreviousPage: true,
    });
    expect((await select({ last: 0, before })).pageInfo).toMatchObject({
      hasNextPage: true,
      hasPreviousPage: false,
    });
  });

  it('rejects a cursor of another order as bad input', async () => {
    const { pageInfo } = await select({ first: 1 });
    const variables = { after: pageInfo.endCursor, orderBy: byName };
    const { status, result } = await gateway.run(query, variables);
    expect(status).toBe(200);
    expect(result.errors?.[0]).toMatchObject({
      message: expect.stringContaining('another order'),
      extensions: { code: 'BAD_USER_INPUT', argumentName: 'after' },
    });
  });

  it('rejects a list that is longer than it may read', async () => {
    const long = { seed: rowsOf(1001), pageSize: 500 };
    const { gateway } = await embedded(long, { LIST_ROW_LIMIT: '1000' });
    await gateway.ask('{ complianceManagementPartners(first: 5) { nodes { id } } }');
    const { status, result } = await gateway.run('{ complianceManagementPartners { totalCount } }');
    expect(status).toBe(200);
    expect(result.errors?.[0]).toMatchObject({
      message: expect.stringContaining('1000 rows'),
      extensions: { code: 'TOO_MANY_ROWS' },
    });
  });
});

describe('one operation', () => {
  const one = 'complianceManagementPartner(id: "row-1")';
  const all = 'complianceManagementPartners';

  it.each<[string, number, string]>([
    ['one partner by one call', 1, `${one} { id }`],
    ['the same partner twice by one call', 1, `a: ${one} { id } b: ${one} { displayName }`],
    [
      'two looks at the list by the pages of one',
      3,
      `a: ${all}(filter: {displayName: {contains: "a"}}) { nodes { id } }
       b: ${all}(orderBy: [{field: DISPLAY_NAME}]) { totalCount }`,
    ],
    ['the count and a page by the pages of one', 3, `${all}(first: 2) { totalCount nodes { id } }`],
    [
      'a page without asking what is behind it',
      1,
      `${all}(first: 5) { nodes { id } pageInfo { hasPreviousPage } }`,
    ],
    [
      'what is behind a page only where it is asked',
      2,
      `${all}(first: 5) { pageInfo { hasNextPage } }`,
    ],
    [
      'a filter only as far as it takes to fill the page',
      1,
      `${all}(first: 2, filter: {partnerState: {eq: ENABLED}}) { nodes { id } }`,
    ],
    ['the end of the list by all pages', 3, `${all}(last: 1) { nodes { id } }`],
  ])('reads %s', async (_what, calls, fields) => {
    const before = graph.requests.length;
    await gateway.ask(`{ ${fields} }`);
    expect(graph.requests).toHaveLength(before + calls);
  });

  it('reads several partners by one batch of each twenty, matched by id', async () => {
    const ids = rowsOf(45).map(({ id }) => id);
    const before = graph.requests.length;
    const { result } = await gateway.run(
      `{ ${ids.map((id, index) => `p${index}: complianceManagementPartner(id: "${id}") { id }`).join(' ')} }`,
    );
    const calls = graph.requests.slice(before);
    const url = 'POST /beta/$batch';
    expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual([url, url, url]);
    expect(calls.map(({ body }) => JSON.parse(body).requests.length)).toEqual([20, 20, 5]);
    const data = ids.map((id, index) => [`p${index}`, index < named.length ? { id } : null]);
    expect(result).toEqual({ data: Object.fromEntries(data) });
  });

  it('never puts two callers into one batch', async () => {
    const document = `{ a: ${one} { id } b: complianceManagementPartner(id: "row-2") { id } }`;
    const before = graph.requests.length;
    await Promise.all([
      gateway.run(document),
      gateway.run(document, {}, { authorization: 'Bearer another' }),
    ]);
    const calls = graph.requests.slice(before);
    expect(calls.map(({ headers }) => headers.authorization).sort()).toEqual([
      'Bearer another',
      'Bearer embedded-graph-token',
    ]);
  });
});
