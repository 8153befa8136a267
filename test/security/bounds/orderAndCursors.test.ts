import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { json, type ScriptedServer, startScriptedServer } from '../../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';

const rows = [
  { id: 'a'.repeat(60_000), displayName: 'Long id' },
  {
    id: 'long-name',
    displayName: 'N'.repeat(60_000),
    lastHeartbeatDateTime: '2026-01-01T00:00:00Z',
  },
  { id: 'longer-name', displayName: 'N'.repeat(60_001) },
  {
    id: 'wide',
    displayName: `${String.fromCharCode(0xd800)}\u{1f600}`.repeat(20_000),
    partnerState: 'enabled',
  },
  { id: 'digits', lastHeartbeatDateTime: `2026-01-01T00:00:00.${'1'.repeat(60_000)}Z` },
  { id: 'plain', displayName: 'Plain', partnerState: 'enabled' },
];

let graph: ScriptedServer;
let gateway: TestGateway;
let narrow: TestGateway;

beforeAll(async () => {
  graph = await startScriptedServer(json(200, { value: rows }));
  gateway = await startTestGateway({ GRAPH_BASE_URL: graph.url.href });
  narrow = await startTestGateway({ GRAPH_BASE_URL: graph.url.href, LIMIT_ORDER_KEYS: '2' });
});

afterAll(async () => {
  await Promise.all([gateway.stop(0), narrow.stop(0)]);
  await graph.close();
});

const accept = { accept: 'application/graphql-response+json' };
const query = `query ($first: Int, $after: String, $orderBy: [ComplianceManagementPartnerOrder!]) {
  complianceManagementPartners(first: $first, after: $after, orderBy: $orderBy) {
    edges { cursor node { id } } pageInfo { endCursor hasNextPage } } }`;
const fields = ['DISPLAY_NAME', 'PARTNER_STATE', 'LAST_HEARTBEAT_DATE_TIME'];
const by = (...names: string[]) => names.map((field) => ({ field }));

interface Connection {
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly id: string } }[];
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
}

async function list(variables: object): Promise<Connection> {
  const { result } = await gateway.run(query, variables);
  expect(result.errors).toBeUndefined();
  return result.data?.['complianceManagementPartners'] as Connection;
}

const orders: readonly (readonly [string, object])[] = [
  ["Graph's order", {}],
  ['the order of names', { orderBy: by('DISPLAY_NAME') }],
  ['an order of all keys', { orderBy: by(...fields) }],
  ['another order of all keys', { orderBy: by(...fields.toReversed()) }],
];

describe('an order', () => {
  it('of one more key than allowed is refused, of as many not', async () => {
    for (const [count, gate] of [
      [1, narrow],
      [2, narrow],
      [3, gateway],
    ] as const) {
      const orderBy = by(...fields.slice(0, count));
      expect((await gate.run(query, { orderBy })).result.errors).toBeUndefined();
    }
    for (const [orderBy, gate, seen] of [
      [by(...fields), narrow, 3],
      [by(...fields, 'DISPLAY_NAME'), gateway, 4],
      [Array.from({ length: 1500 }, () => ({ field: 'DISPLAY_NAME' })), gateway, 1500],
    ] as const) {
      const { status, result } = await gate.run(query, { orderBy }, accept);
      const allowed = gate === narrow ? 2 : 3;
      expect(result.errors?.map(({ extensions }) => extensions)).toEqual([
        { code: 'TOO_MANY_ORDER_KEYS', allowed, seen },
      ]);
      expect(status).toBe(400);
    }
  });

  it('that has a field twice is refused', async () => {
    const orderBy = [{ field: 'DISPLAY_NAME' }, { field: 'DISPLAY_NAME', direction: 'DESC' }];
    const { result } = await gateway.run(query, { orderBy });
    expect(result.errors?.[0]?.extensions).toEqual({
      code: 'BAD_USER_INPUT',
      argumentName: 'orderBy',
      field: ['orderBy'],
    });
  });
});

describe('a cursor', () => {
  it.each(orders)(
    'has at most 1,024 characters in %s, whatever is in the rows',
    async (_what, order) => {
      const { edges } = await list(order);
      expect(edges).toHaveLength(rows.length);
      expect(Math.max(...edges.map(({ cursor }) => cursor.length))).toBeLessThanOrEqual(1024);
      expect(new Set(edges.map(({ cursor }) => cursor)).size).toBe(rows.length);
    },
  );

  it.each(orders)('leads through all of them in %s', async (_what, order) => {
    const expected = (await list(order)).edges.map(
      ({ node }) => node.id.length + node.id.slice(0, 20),
    );
    const seen: string[] = [];
    let after: string | null = null;
    for (let isMore = true; isMore; ) {
      const { edges, pageInfo }: Connection = await list({ ...order, first: 1, after });
      seen.push(...edges.map(({ node }) => node.id.length + node.id.slice(0, 20)));
      [after, isMore] = [pageInfo.endCursor, pageInfo.hasNextPage];
    }
    expect(seen).toEqual(expected);
  });

  it('of a usual row is short', async () => {
    const { edges } = await list({ orderBy: by(...fields) });
    const plain = edges.find(({ node }) => node.id === 'plain');
    expect(plain?.cursor.length).toBeLessThanOrEqual(128);
  });
});
