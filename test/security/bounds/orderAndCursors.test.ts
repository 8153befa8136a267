import { afterAll, describe, expect, it } from '@jest/globals';
import { json } from '../../support/scriptedServer.ts';
import { useStages } from '../../support/stages.ts';

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

const { scripted, start } = useStages(afterAll);
const { graph, gateway } = await scripted(json(200, { value: rows }));
const narrow = await start({ GRAPH_BASE_URL: graph.url.href, LIMIT_ORDER_KEYS: '2' });

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

const list = (variables: object) => gateway.ask<Connection>(query, variables);

const idsOf = ({ edges }: Connection): string[] => edges.map(({ node }) => node.id);

const orders: readonly (readonly [string, object])[] = [
  ["Graph's order", {}],
  ['the order of names', { orderBy: by('DISPLAY_NAME') }],
  ['an order of all keys', { orderBy: by(...fields) }],
  ['another order of all keys', { orderBy: by(...fields.toReversed()) }],
];

describe('an order', () => {
  it('of one more key than allowed is rejected, of as many not', async () => {
    for (const [gate, allowed] of [
      [narrow, 2],
      [gateway, 3],
    ] as const) {
      await gate.ask(query, { orderBy: by(...fields.slice(0, allowed - 1)) });
      await gate.ask(query, { orderBy: by(...fields.slice(0, allowed)) });
      for (const seen of [allowed + 1, 1500]) {
        const names = Array.from(
          { length: seen },
          (_key, index) => fields[index] ?? fields[0] ?? '',
        );
        const { status, result } = await gate.run(query, { orderBy: by(...names) }, accept);
        const extensions = { code: 'TOO_MANY_ORDER_KEYS', allowed, seen };
        expect([status, result.errors]).toMatchObject([400, [{ extensions }]]);
      }
    }
  });

  it('that has a field twice is rejected', async () => {
    const orderBy = [{ field: 'DISPLAY_NAME' }, { field: 'DISPLAY_NAME', direction: 'DESC' }];
    expect((await gateway.run(query, { orderBy })).extensions).toEqual({
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
    const expected = idsOf(await list(order));
    const seen: string[] = [];
    let after: string | null = null;
    for (let isMore = true; isMore; ) {
      const { edges, pageInfo }: Connection = await list({ ...order, first: 1, after });
      seen.push(...idsOf({ edges, pageInfo }));
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
