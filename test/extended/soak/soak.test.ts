import { connect } from 'node:net';
import { expect, it } from '@jest/globals';
import { Pool } from 'undici';
import type { Fault } from '../../../src/emulator/faults.ts';
import {
  addMutation,
  deleteMutation,
  listQuery,
  pageInput,
  totalCountQuery,
  updateMutation,
} from '../../support/documents.ts';
import { createRandomNumbers } from '../../support/randomNumbers.ts';
import { graphqlRequest } from '../../support/rawConnection.ts';
import { startTestGraph } from '../../support/testGraphs.ts';
import { firstSeed, timeLimitMs, volumeOf } from '../volume.ts';
import { hostileRequest } from './hostileRequests.ts';
import { type Footprint, startSoakedGateway } from './soakedGateway.ts';

/** Sends one thing that callers do, or should not do. */
type SoakOperation = (caller: SoakCaller) => Promise<void>;

interface SoakCaller {
  readonly pool: Pool;
  readonly url: URL;
  readonly token: string;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
}

/** Posts an operation; gives the answer's data, whatever else it has. */
async function run(caller: SoakCaller, query: string, variables: object = {}): Promise<unknown> {
  const answer = await caller.pool.request({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${caller.token}` },
    body: JSON.stringify({ query, variables }),
  });
  return ((await answer.body.json()) as { data?: unknown }).data;
}

/** Sends a part of a request and goes away. */
function leave(caller: SoakCaller, text: string, share: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(Number(caller.url.port), caller.url.hostname);
    socket.on('error', () => undefined).on('close', () => resolve());
    socket.write(text.slice(0, Math.ceil(text.length * share)));
    setTimeout(() => socket.destroy(), caller.chance() * 60);
  });
}

/** Adds a partner, changes it and takes it away again, so that what Graph holds does not grow. */
async function comeAndGo(caller: SoakCaller): Promise<void> {
  const input = {
    ...pageInput,
    windowsOnboarded: undefined,
    windowsEnrollmentAssignments: undefined,
  };
  const data = await run(caller, addMutation, { input });
  const id = /"id":"([^"]+)"/.exec(JSON.stringify(data ?? null))?.[1];
  if (id !== undefined) {
    await run(caller, updateMutation, { input: { id, androidOnboarded: false } });
    await run(caller, deleteMutation, { input: { id } });
  }
}

const get =
  (path: string): SoakOperation =>
  async ({ pool }) => {
    const answer = await pool.request({ method: 'GET', path });
    await answer.body.dump();
  };
const ask =
  (query: string, variables: object = {}): SoakOperation =>
  async (caller) => {
    await run(caller, query, variables);
  };
const filtered = `{ complianceManagementPartners(filter: { displayName: { contains: "a" } }, orderBy: [{ field: DISPLAY_NAME }]) { totalCount nodes { id } } }`;
const byIds = `{ a: complianceManagementPartner(id: "one") { id } b: complianceManagementPartner(id: "two") { id revision } }`;

/** All of them are equally frequent. */
const soakOperations: readonly SoakOperation[] = [
  ask(listQuery, { first: 20 }),
  ask(totalCountQuery),
  ask(filtered),
  ask(byIds),
  ask('{ viewer { tenantId operations { name isPermitted } } }'),
  comeAndGo,
  ask('{ complianceManagementPartners { nodes { nothing } } }'),
  ask('{ not GraphQL'),
  ask(addMutation, { input: { displayName: '' } }),
  (caller) => ask(listQuery, { first: Math.floor(caller.chance() * 50) })(caller),
  (caller) => leave(caller, graphqlRequest({ query: listQuery }), 1),
  (caller) =>
    leave(caller, graphqlRequest({ query: addMutation, variables: { input: pageInput } }), 1),
  (caller) => leave(caller, graphqlRequest({ query: listQuery }), 0.6),
  (caller) => leave(caller, 'no HTTP\r\n\r\n', 1),
  ask(`{ __typename } # ${'x'.repeat(70_000)}`),
  async ({ pool, chance }) => {
    const { body = null, ...hostile } = hostileRequest(Math.floor(chance() * 1e9));
    const answer = await pool.request({ ...hostile, body });
    await answer.body.dump();
  },
  get('/readyz'),
  get('/schema.graphql'),
  get('/nothing'),
];

/** What goes wrong at Graph during a soak; each strikes the next request that comes. */
const soakFaults: readonly Fault[] = [
  { respond: { status: 500, body: { error: { code: 'generalException', message: 'x' } } } },
  { respond: { status: 502, body: '<html>Bad gateway</html>' } },
  { respond: { status: 503, headers: { 'retry-after': '0' }, body: '' } },
  { respond: { status: 429, headers: { 'retry-after': '1' }, body: '' } },
  { respond: { status: 403, body: { error: { code: 'Forbidden', message: 'x' } } } },
  { respond: { status: 200, body: '{"value":[{"id":"1","id":"2"}]}' } },
  { respond: { status: 200, body: '{"value":' } },
  { respond: { status: 200, body: Buffer.alloc(300_000, 0x20) } },
  { kill: 'reset' },
  { kill: 'reset', execute: true },
  { kill: 'close' },
  { kill: 'truncate' },
  { kill: 'silence' },
  { delayMs: 300 },
];

const callers = 8;
const roundRequests = 1_000;
const pauseMs = 5;
const shareWithFault = 0.05;
/** Caches are bounded, but large; fewer of what they hold fills them soon. */
const tokens = 50;
const ids = 300;
const longestSettleMs = 300_000;

const environment = {
  EXPLORER: 'off',
  OPERATION_TIMEOUT_MS: '1500',
  GRAPH_BREAKER_OPEN_MS: '50',
  HEADERS_TIMEOUT_MS: '2000',
  // Full within the warm-up: this Graph accepts every token, so that documents of hostile callers are kept, too.
  DOCUMENT_CACHE_BYTES: '1000000',
  OTEL_METRICS_EXPORTER: 'prometheus',
  OTEL_EXPORTER_PROMETHEUS_PORT: '0',
};

interface Point {
  readonly requests: number;
  readonly bytes: number;
}

/**
 * Fits a line by least squares; `uncertainty` is half of the interval in which the true slope lies with 95 % certainty if
 * the errors of the points are independent.
 */
function slopeOf(points: readonly Point[]) {
  const sum = (numbers: readonly number[]): number =>
    numbers.reduce((total, number) => total + number, 0);
  const middleX = sum(points.map(({ requests }) => requests)) / points.length;
  const middleY = sum(points.map(({ bytes }) => bytes)) / points.length;
  const spread = sum(points.map(({ requests }) => (requests - middleX) ** 2));
  const common = points.map(({ requests, bytes }) => (requests - middleX) * (bytes - middleY));
  const bytesPerRequest = sum(common) / spread;
  const errors = points.map(
    ({ requests, bytes }) => bytes - middleY - bytesPerRequest * (requests - middleX),
  );
  const variance = sum(errors.map((error) => error ** 2)) / (points.length - 2);
  return { bytesPerRequest, uncertainty: 1.96 * Math.sqrt(variance / spread) };
}

/** What there is more of than before: sockets, timers, descriptors. */
function findGrowth(before: Footprint, after: Footprint): readonly string[] {
  const counts = ({ resources, descriptors }: Footprint) => ({ ...resources, descriptors });
  const was: Readonly<Record<string, number>> = counts(before);
  return Object.entries(counts(after))
    .filter(([kind, count]) => count > (was[kind] ?? 0))
    .map(([kind, count]) => `${kind}: ${was[kind] ?? 0} before, ${count} after`);
}

/** `VOLUME=30` soaks for about an hour. */
const requests = volumeOf(32_000);

// A million requests can exclude a smaller slope than some ten thousand can.
const isLong = requests >= 500_000;
const mostBytesPerRequest = isLong ? 10 : 250;
/** So many at the start are not counted: caches fill, and V8 compiles code and throws away what it uses no more. */
const warmUp = isLong ? 80_000 : requests / 2;

it(
  `a gateway holds no more after ${requests} requests of callers, good and bad, and a Graph that fails`,
  async () => {
    const numbers = createRandomNumbers(firstSeed);
    let nextId = 0;
    const graph = await startTestGraph({
      acceptToken: () => true,
      recordRequests: false,
      newId: () => `soak-${nextId++ % ids}`,
    });
    const gateway = await startSoakedGateway({ ...environment, GRAPH_BASE_URL: graph.baseUrl });
    const url = new URL(gateway.url);

    /** Lets all callers work and leave, so that nothing is in flight when it is over. */
    async function runRound(): Promise<void> {
      const pool = new Pool(gateway.url, { connections: callers });
      let left = roundRequests;
      const work = async (): Promise<void> => {
        while (left-- > 0) {
          if (numbers.fraction() < shareWithFault) {
            graph.faults.add(numbers.pick(soakFaults));
          }
          const token = `soak-token-${numbers.between(0, tokens)}`;
          await numbers.pick(soakOperations)({ pool, url, token, chance: numbers.fraction });
          await new Promise((resolve) => setTimeout(resolve, pauseMs));
        }
      };
      await Promise.all(Array.from({ length: callers }, work));
      graph.faults.clear();
      await pool.close();
      const metrics = new Pool(new URL(gateway.metricsUrl).origin);
      await (await metrics.request({ method: 'GET', path: '/metrics' })).body.dump();
      await metrics.close();
    }

    const before = await gateway.takeFootprint();
    const points: Point[] = [];
    for (let sent = roundRequests; sent <= requests; sent += roundRequests) {
      await runRound();
      const { heapUsedBytes } = await gateway.takeFootprint();
      if (sent >= warmUp) {
        points.push({ requests: sent, bytes: heapUsedBytes });
      }
      if (sent % (10 * roundRequests) === 0) {
        const megabytes = (heapUsedBytes / 1024 / 1024).toFixed(2);
        process.stderr.write(`${sent} sent: heap ${megabytes} MB\n`);
      }
    }
    // Connections that are kept for the next call are no leak; Graph's end of them closes.
    await graph.close();
    const after = await gateway.settle(
      (footprint) => findGrowth(before, footprint).length === 0,
      longestSettleMs,
    );
    const exitCode = await gateway.stop();
    const heap = slopeOf(points);
    process.stderr.write(`heap: ${JSON.stringify(heap)} from ${points.length} samples\n`);
    // Not only not seen, but excluded.
    expect(heap.bytesPerRequest + heap.uncertainty).toBeLessThanOrEqual(mostBytesPerRequest);
    expect(findGrowth(before, after)).toEqual([]);
    expect(exitCode).toBe(0);
  },
  timeLimitMs(requests),
);
