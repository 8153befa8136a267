import { describe, expect, it } from '@jest/globals';
import { catalogue } from '../../src/emulator/catalogue.ts';
import { type Emulator, startEmulator } from '../../src/emulator/server.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { embeddedGraphToken } from '../../src/shared/secret.ts';
import { useClosing } from '../support/closing.ts';
import { everything, listQuery, partnerQuery } from '../support/documents.ts';
import { json } from '../support/scriptedServer.ts';
import { startScripted, startTestGateway, type TestGateway } from '../support/testGateways.ts';

const closeLater = useClosing();

async function start(
  seed: readonly PartnerResource[],
  pageSize: number,
): Promise<{ gateway: TestGateway; graph: Emulator }> {
  const graph = await startEmulator({
    port: 0,
    generation: 'today',
    clock: systemClock,
    acceptToken: (token) => token === embeddedGraphToken,
    recordRequests: true,
    pageSize,
    seed,
  });
  const gateway = await startTestGateway({ GRAPH_BASE_URL: graph.baseUrl });
  closeLater(() => gateway.stop(0), graph.close);
  return { gateway, graph };
}

interface Connection {
  readonly edges: { cursor: string; node: { id: string } }[];
  readonly nodes: { id: string }[];
  readonly pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
}

async function list(gateway: TestGateway, variables: object = {}): Promise<Connection> {
  const { result } = await gateway.run(listQuery, variables);
  expect(result.errors).toBeUndefined();
  return result.data?.['complianceManagementPartners'] as Connection;
}

const rows = (count: number): PartnerResource[] =>
  Array.from({ length: count }, (_value, index) => ({ id: `row-${index}` }));
const idsOf = ({ nodes }: Connection): string[] => nodes.map(({ id }) => id);

describe('the list', () => {
  it("shows the embedded Graph's catalogue, those that were never set up included", async () => {
    const { gateway } = await start(catalogue, 1000);
    const query = `{ complianceManagementPartners { totalCount nodes { ...Everything } } } ${everything}`;
    const { result } = await gateway.run(query);
    const connection = result.data?.['complianceManagementPartners'] as {
      totalCount: number;
      nodes: { displayName: string; partnerState: string }[];
    };
    expect(connection.totalCount).toBe(catalogue.length);
    expect(connection.nodes.map(({ displayName }) => displayName)).toEqual(
      catalogue.map(({ displayName }) => displayName),
    );
    expect(connection.nodes.map(({ partnerState }) => partnerState)).toContain('UNKNOWN');
  });

  it('walks through all rows by cursors, whatever the size of a page here and there', async () => {
    const { gateway } = await start(rows(23), 5);
    const seen: string[] = [];
    let after: string | null = null;
    let isMore = true;
    while (isMore) {
      const connection: Connection = await list(gateway, { first: 4, after });
      expect(connection.edges.map(({ node }) => node)).toEqual(connection.nodes);
      expect(connection.pageInfo.startCursor).toBe(connection.edges[0]?.cursor);
      expect(connection.pageInfo.hasPreviousPage).toBe(after !== null);
      seen.push(...idsOf(connection));
      after = connection.pageInfo.endCursor;
      isMore = connection.pageInfo.hasNextPage;
    }
    expect(seen).toEqual(rows(23).map(({ id }) => id));
  });

  it.each([
    [{ first: 3 }, 1],
    [{ first: 4 }, 1],
    [{ first: 5 }, 2],
    [{ first: 9 }, 2],
    [{ first: 100 }, 5],
  ])('reads no more pages of five rows than %j needs', async (variables, calls) => {
    const { gateway, graph } = await start(rows(23), 5);
    await list(gateway, variables);
    expect(graph.requests).toHaveLength(calls);
  });

  it('reads every page once where the count is asked for too, and none where only it is', async () => {
    const { gateway, graph } = await start(rows(12), 5);
    const { result } = await gateway.run(
      '{ complianceManagementPartners(first: 2) { totalCount nodes { id } } }',
    );
    expect(result.data).toMatchObject({ complianceManagementPartners: { totalCount: 12 } });
    expect(graph.requests).toHaveLength(3);
  });

  it('is empty where Graph has nothing', async () => {
    const { gateway } = await start([], 5);
    expect(await list(gateway)).toEqual({
      edges: [],
      nodes: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  });

  it('goes on behind the same row after rows before it came or went', async () => {
    const { gateway, graph } = await start(rows(10), 5);
    const { pageInfo } = await list(gateway, { first: 4 });
    await graph.close();
    const changed = await start([{ id: 'new' }, ...rows(10).slice(1)], 5);
    const next = await list(changed.gateway, { first: 3, after: pageInfo.endCursor });
    expect(idsOf(next)).toEqual(['row-4', 'row-5', 'row-6']);
    const shorter = await start(rows(10).slice(2), 5);
    const afterwards = await list(shorter.gateway, { first: 3, after: pageInfo.endCursor });
    expect(idsOf(afterwards)).toEqual(['row-4', 'row-5', 'row-6']);
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
    const { gateway } = await startScripted(closeLater, [
      json(200, { value: [odd, { id: 'plain', partnerState: 'enabled' }] }),
    ]);
    const query = `{ complianceManagementPartners { nodes { ...Everything revision } } } ${everything}`;
    const { result } = await gateway.run(query);
    expect(result.errors).toBeUndefined();
    expect(result.data?.['complianceManagementPartners']).toMatchObject({
      nodes: [
        {
          id: 'odd',
          partnerState: 'UNKNOWN_FUTURE_VALUE',
          lastHeartbeatDateTime: 'yesterday',
          iosEnrollmentAssignments: [
            { target: null },
            { target: null },
            { target: null },
            {
              target: {
                __typename: 'UnrecognizedAssignmentTarget',
                odataType: '#microsoft.graph.everyoneTarget',
                properties: { depth: { a: [1, null] } },
              },
            },
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
  const query =
    'query ($first: Int) { complianceManagementPartners(first: $first) { totalCount nodes { id } } }';

  /** A Graph whose pages have these ids, each with a link to the next; the last one again and again, if told so. */
  async function startPages(pages: readonly string[][], isEndless = false) {
    let page = 0;
    return startScripted(closeLater, [
      (response, request) => {
        const ids = pages[isEndless ? page % pages.length : page] ?? [];
        page += 1;
        const isLast = !isEndless && page === pages.length;
        const value = ids.map((id) => ({ id }));
        const next = { '@odata.nextLink': `${path}?$skiptoken=${page}` };
        json(200, { value, ...(!isLast && next) })(response, request);
      },
    ]);
  }

  it.each([
    ['one page', [['a', 'b']]],
    ['two pages', [['a'], ['b']]],
    ['pages with empty ones between', [['a', 'b'], []]],
  ])(
    'fails at most 3 requests after the first repeated page when links differ for %s',
    async (_what, pages) => {
      const { gateway, graph } = await startPages(pages, true);
      const { result } = await gateway.run(query);
      expect(result.errors).toMatchObject([{ extensions: { code: 'UPSTREAM_BAD_RESPONSE' } }]);
      const firstRepeated = pages.length + 1;
      expect(graph.requests.length).toBeLessThanOrEqual(firstRepeated + 3);
    },
  );

  it.each([
    ['a later page', [['a', 'b'], ['b', 'c'], ['d']], ['a', 'b', 'c', 'd']],
    ['a page of its own', [['a'], ['b'], ['a'], ['b'], ['c']], ['a', 'b', 'c']],
    [
      'pages of its own again and again',
      [['a'], ['a'], ['a'], ['b'], ['a'], ['a'], ['c']],
      ['a', 'b', 'c'],
    ],
    ['the last page', [['a', 'b'], ['a']], ['a', 'b']],
    ['its own page', [['a', 'a', 'b']], ['a', 'b']],
  ])('shows and counts a row once that moved to %s', async (_where, pages, ids) => {
    const { gateway } = await startPages(pages);
    const { result } = await gateway.run(query);
    expect(result.errors).toBeUndefined();
    expect(result.data?.['complianceManagementPartners']).toEqual({
      totalCount: ids.length,
      nodes: ids.map((id) => ({ id })),
    });
  });

  it('takes a UUID in another case for the same row, and other ids as they are', async () => {
    const uuid = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
    const { gateway } = await startPages([[uuid, 'ab'], [uuid.toUpperCase(), 'AB'], []]);
    const connection = await list(gateway);
    expect(idsOf(connection)).toEqual([uuid, 'ab', 'AB']);
  });

  it('fills a page from behind a repeated row', async () => {
    const { gateway } = await startPages([['a', 'b'], ['b', 'c'], ['d']]);
    expect(idsOf(await list(gateway, { first: 3 }))).toEqual(['a', 'b', 'c']);
  });
});

describe('one partner', () => {
  it('is read by its id', async () => {
    const { gateway, graph } = await start(catalogue, 1000);
    const [row] = catalogue;
    const { result } = await gateway.run(partnerQuery, { id: row?.id });
    expect(result.data?.['complianceManagementPartner']).toMatchObject({
      id: row?.id,
      displayName: row?.displayName,
      lastHeartbeatDateTime: row?.lastHeartbeatDateTime,
    });
    expect(graph.requests).toHaveLength(1);
  });

  it('is null where Graph has none with the id', async () => {
    const { gateway } = await start([], 5);
    const { status, result } = await gateway.run(partnerQuery, { id: 'nobody' });
    expect([status, result]).toEqual([200, { data: { complianceManagementPartner: null } }]);
  });
});
