import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../src/emulator/server.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';

const rows: readonly PartnerResource[] = Array.from({ length: 12 }, (_value, index) => ({
  id: `row-${index}`,
  displayName: `${'CABD'.charAt(index % 4)}${index}`,
  partnerState: index % 3 === 0 ? 'enabled' : 'unknown',
  lastHeartbeatDateTime: `2026-01-${String(12 - index).padStart(2, '0')}T00:00:00Z`,
}));

let graph: Emulator;
let gateway: TestGateway;

beforeAll(async () => {
  graph = await startTestGraph({ seed: rows, pageSize: 5 });
  gateway = await startTestGateway({
    GRAPH_BASE_URL: graph.baseUrl,
    LIMIT_ROOT_FIELDS: '50',
    LIMIT_ALIASES: '50',
  });
});

afterAll(async () => {
  await gateway.stop(0);
  await graph.close();
});

interface Connection {
  readonly nodes: { id: string }[];
  readonly totalCount: number;
  readonly pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string;
    endCursor: string;
  };
}

const query = `query List($first: Int, $after: String, $last: Int, $before: String,
    $filter: ComplianceManagementPartnerFilter, $orderBy: [ComplianceManagementPartnerOrder!]) {
  complianceManagementPartners(first: $first, after: $after, last: $last, before: $before,
      filter: $filter, orderBy: $orderBy) {
    totalCount nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

async function list(variables: object): Promise<Connection> {
  const { result } = await gateway.run(query, variables);
  expect(result.errors).toBeUndefined();
  return result.data?.['complianceManagementPartners'] as Connection;
}

const idsOf = ({ nodes }: Connection): string[] => nodes.map(({ id }) => id);
const numbered = (...numbers: number[]): string[] => numbers.map((number) => `row-${number}`);

/** How many calls of Graph a GraphQL document costs. */
async function callsOf(document: string): Promise<number> {
  const before = graph.requests.length;
  const { result } = await gateway.run(document);
  expect(result.errors).toBeUndefined();
  return graph.requests.length - before;
}

describe('the selected list', () => {
  it('filters over all pages and counts what it finds', async () => {
    const connection = await list({ filter: { partnerState: { eq: 'ENABLED' } }, first: 3 });
    expect(idsOf(connection)).toEqual(numbered(0, 3, 6));
    expect(connection).toMatchObject({ totalCount: 4, pageInfo: { hasNextPage: true } });
  });

  it('orders by several keys, each in its direction', async () => {
    const orderBy = [
      { field: 'PARTNER_STATE', direction: 'DESC' },
      { field: 'LAST_HEARTBEAT_DATE_TIME' },
    ];
    expect(idsOf(await list({ orderBy }))).toEqual(numbered(9, 6, 3, 0, 11, 10, 8, 7, 5, 4, 2, 1));
  });

  it.each<[string, object]>([
    ["Graph's order", {}],
    ['an order', { orderBy: [{ field: 'DISPLAY_NAME' }] }],
    ['a filter', { filter: { not: { displayName: { startsWith: 'c' } } } }],
    [
      'both',
      {
        filter: { partnerState: { notIn: ['ENABLED'] } },
        orderBy: [{ field: 'DISPLAY_NAME', direction: 'DESC' }],
      },
    ],
  ])('goes forwards and backwards over the same rows in %s', async (_what, selection) => {
    const all = idsOf(await list(selection));
    const forwards: string[] = [];
    let after: string | null = null;
    for (let isMore = true; isMore; ) {
      const connection: Connection = await list({ ...selection, first: 2, after });
      forwards.push(...idsOf(connection));
      expect(connection.pageInfo.hasPreviousPage).toBe(after !== null);
      ({ hasNextPage: isMore, endCursor: after } = connection.pageInfo);
    }
    const backwards: string[] = [];
    let before: string | null = null;
    for (let isMore = true; isMore; ) {
      const connection: Connection = await list({ ...selection, last: 2, before });
      backwards.unshift(...idsOf(connection));
      expect(connection.pageInfo.hasNextPage).toBe(before !== null);
      ({ hasPreviousPage: isMore, startCursor: before } = connection.pageInfo);
    }
    expect(forwards).toEqual(all);
    expect(backwards).toEqual(all);
    expect(all.length).toBeGreaterThan(6);
  });

  it.each<[object, boolean, boolean]>([
    [{ first: 0 }, true, false],
    [{ last: 0 }, false, true],
    [{ first: 2, last: 0 }, true, true],
    [{ first: 0, filter: { displayName: { eq: 'none' } } }, false, false],
    [{ last: 0, orderBy: [{ field: 'DISPLAY_NAME' }] }, false, true],
  ])('counts without a page for %j', async (selection, hasNextPage, hasPreviousPage) => {
    const { nodes, totalCount, pageInfo } = await list(selection);
    expect(nodes).toEqual([]);
    expect(totalCount).toBe('filter' in selection ? 0 : rows.length);
    const cursors = { startCursor: null, endCursor: null };
    expect(pageInfo).toEqual({ hasNextPage, hasPreviousPage, ...cursors });
  });

  it('places an empty page at its cursor', async () => {
    const { pageInfo } = await list({ first: 3 });
    const [after, before] = [pageInfo.endCursor, pageInfo.startCursor];
    const both = { hasNextPage: true, hasPreviousPage: true };
    expect((await list({ first: 0, after })).pageInfo).toMatchObject(both);
    expect((await list({ last: 0, before })).pageInfo).toMatchObject({
      hasNextPage: true,
      hasPreviousPage: false,
    });
  });

  it('refuses a cursor of another order as bad input', async () => {
    const { pageInfo } = await list({ first: 1 });
    const { status, result } = await gateway.run(query, {
      after: pageInfo.endCursor,
      orderBy: [{ field: 'DISPLAY_NAME' }],
    });
    expect(status).toBe(200);
    expect(result.errors?.[0]).toMatchObject({
      message: expect.stringContaining('another order'),
      extensions: { code: 'BAD_USER_INPUT', argumentName: 'after' },
    });
  });

  it('refuses a list that is longer than it may read', async () => {
    const long = Array.from({ length: 1001 }, (_value, index) => ({ id: String(index) }));
    const large = await startTestGraph({ seed: long, pageSize: 500 });
    const limited = await startTestGateway({
      GRAPH_BASE_URL: large.baseUrl,
      LIST_ROW_LIMIT: '1000',
    });
    const page = await limited.run('{ complianceManagementPartners(first: 5) { nodes { id } } }');
    const count = await limited.run('{ complianceManagementPartners { totalCount } }');
    await limited.stop(0);
    await large.close();
    expect(page.result.errors).toBeUndefined();
    expect(count.status).toBe(200);
    expect(count.result.errors?.[0]).toMatchObject({
      message: expect.stringContaining('1000 rows'),
      extensions: { code: 'TOO_MANY_ROWS' },
    });
  });
});

describe('one operation', () => {
  it.each<[string, number, string]>([
    ['one partner by one call', 1, '{ a: complianceManagementPartner(id: "row-1") { id } }'],
    [
      'the same partner twice by one call',
      1,
      '{ a: complianceManagementPartner(id: "row-1") { id } b: complianceManagementPartner(id: "row-1") { displayName } }',
    ],
    [
      'two looks at the list by the pages of one',
      3,
      '{ a: complianceManagementPartners(filter: {displayName: {contains: "a"}}) { nodes { id } } b: complianceManagementPartners(orderBy: [{field: DISPLAY_NAME}]) { totalCount } }',
    ],
    [
      'a page without asking what is behind it',
      1,
      '{ complianceManagementPartners(first: 5) { nodes { id } pageInfo { hasPreviousPage } } }',
    ],
    [
      'what is behind a page only where it is asked',
      2,
      '{ complianceManagementPartners(first: 5) { pageInfo { hasNextPage } } }',
    ],
    [
      'a filter only as far as it takes to fill the page',
      1,
      '{ complianceManagementPartners(first: 2, filter: {partnerState: {eq: ENABLED}}) { nodes { id } } }',
    ],
    [
      'the end of the list by all pages',
      3,
      '{ complianceManagementPartners(last: 1) { nodes { id } } }',
    ],
  ])('reads %s', async (_what, calls, document) => {
    expect(await callsOf(document)).toBe(calls);
  });

  it('reads several partners by one batch of each twenty, matched by id', async () => {
    const aliases = Array.from(
      { length: 45 },
      (_value, index) => `p${index}: complianceManagementPartner(id: "row-${index}") { id }`,
    );
    const before = graph.requests.length;
    const { result } = await gateway.run(`{ ${aliases.join(' ')} }`);
    const calls = graph.requests.slice(before);
    expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual(
      Array.from({ length: 3 }, () => 'POST /beta/$batch'),
    );
    expect(calls.map(({ body }) => JSON.parse(body).requests.length)).toEqual([20, 20, 5]);
    expect(result.errors).toBeUndefined();
    expect(result.data).toEqual(
      Object.fromEntries(
        aliases.map((_alias, index) => [
          `p${index}`,
          index < rows.length ? { id: `row-${index}` } : null,
        ]),
      ),
    );
  });

  it('never puts two callers into one batch', async () => {
    const document =
      '{ a: complianceManagementPartner(id: "row-1") { id } b: complianceManagementPartner(id: "row-2") { id } }';
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
