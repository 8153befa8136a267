import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { Pool } from 'undici';
import type { Fault } from '../../../src/emulator/faults.ts';
import { useClosing } from '../../support/closing.ts';
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
import { until } from '../../support/until.ts';
import { firstSeed, timeLimitMs, volumeOf } from '../volume.ts';
import { hostileRequest } from './hostileRequests.ts';

/** What a process holds at one moment, right after garbage was collected. */
interface Footprint {
  readonly heapUsedBytes: number;
  /** Descriptors, sockets, servers, timers: how many there are of each. */
  readonly held: Readonly<Record<string, number>>;
}

interface Caller {
  readonly pool: Pool;
  readonly url: URL;
  readonly token: string;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
}

/** Sends one thing that callers do, or should not do. */
type Operation = (caller: Caller) => Promise<unknown>;

const closeLater = useClosing();
const numbers = createRandomNumbers(firstSeed);
const statuses = new Set<number>();

async function send({ pool }: Caller, options: Omit<ReturnType<typeof hostileRequest>, ''>) {
  const answer = await pool.request({ body: null, ...options });
  statuses.add(answer.statusCode);
  return answer.body.text();
}

const get =
  (path: string): Operation =>
  (caller) =>
    send(caller, { method: 'GET', path, headers: {} });
const hostile: Operation = (caller) =>
  send(caller, hostileRequest(Math.floor(caller.chance() * 1e9)));
const ask =
  (query: string, variables: object = {}) =>
  (caller: Caller): Promise<string> =>
    send(caller, {
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${caller.token}` },
      body: JSON.stringify({ query, variables }),
    });

/** Sends a part of a request and goes away. */
const leave =
  (text: string, share = 1): Operation =>
  ({ url, chance }) =>
    new Promise<void>((resolve) => {
      const socket = connect(Number(url.port), url.hostname);
      socket.on('error', () => undefined).on('close', () => resolve());
      socket.write(text.slice(0, Math.ceil(text.length * share)));
      setTimeout(() => socket.destroy(), chance() * 60);
    });

const { windowsOnboarded, windowsEnrollmentAssignments, ...input } = pageInput;

/** Adds a partner, changes it and takes it away again, so that what Graph holds does not grow. */
async function comeAndGo(caller: Caller): Promise<void> {
  const [, id] = /"id":"([^"]+)"/.exec(await ask(addMutation, { input })(caller)) ?? [];
  if (id !== undefined) {
    await ask(updateMutation, { input: { id, androidOnboarded: false } })(caller);
    await ask(deleteMutation, { input: { id } })(caller);
  }
}

const operations: readonly Operation[] = [
  ...Array<Operation>(8).fill(hostile),
  comeAndGo,
  ask(totalCountQuery),
  get('/readyz'),
  get('/schema.graphql'),
  get('/nothing'),
  (caller) => ask(listQuery, { first: Math.floor(caller.chance() * 50) })(caller),
  ask(
    '{ complianceManagementPartners(filter: { displayName: { contains: "a" } }, orderBy: [{ field: DISPLAY_NAME }]) { totalCount nodes { id } } }',
  ),
  ask(
    '{ a: complianceManagementPartner(id: "one") { id } b: complianceManagementPartner(id: "two") { id revision } }',
  ),
  ask('{ viewer { tenantId operations { name isPermitted } } }'),
  ask(addMutation, { input: { displayName: '' } }),
  leave(graphqlRequest({ query: listQuery })),
  leave(graphqlRequest({ query: addMutation, variables: { input: pageInput } })),
  leave(graphqlRequest({ query: listQuery }), 0.6),
  leave('no HTTP\r\n\r\n'),
];

/** What goes wrong at Graph during a soak; each strikes the next request that comes. */
const faults: readonly Fault[] = [
  { respond: { status: 500, body: { error: { code: 'generalException', message: 'x' } } } },
  { respond: { status: 502, body: '<html>Bad gateway</html>' } },
  { respond: { status: 503, headers: { 'retry-after': '0' }, body: '' } },
  { respond: { status: 429, headers: { 'retry-after': '1' }, body: '' } },
  { respond: { status: 403, body: { error: { code: 'Forbidden', message: 'x' } } } },
  { respond: { status: 200, body: '{"value":[{"id":"1","id":"2"}]}' } },
  { respond: { status: 200, body: '{"value":' } },
  { respond: { status: 200, body: Buffer.alloc(300_000, 0x20) } },
  ...([{ kill: 'reset' }, { kill: 'reset', execute: true }, { kill: 'close' }] as const),
  ...([{ kill: 'truncate' }, { kill: 'silence' }, { delayMs: 300 }] as const),
];

const callers = 12;
const roundRequests = 1_000;
const pauseMs = 5;
const shareWithFault = 0.05;
/** Caches are bounded, but large; fewer of what they hold fills them soon. */
const tokens = 50;
const ids = 300;

/** Starts the built gateway in a process of its own, which has nothing in its environment but what is given. */
async function startGatewayProcess(environment: Record<string, string>) {
  const child = fork(fileURLToPath(new URL('./gatewayProcess.mjs', import.meta.url)), [], {
    execArgv: ['--expose-gc', '--max-old-space-size=256'],
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  closeLater(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const hear = async () => {
    const [answer] = await Promise.race([once(child, 'message'), ended]);
    expect(child.exitCode).toBe(null);
    return answer;
  };
  return {
    ...((await hear()) as { readonly url: string; readonly metricsUrl: string }),
    takeFootprint(): Promise<Footprint> {
      child.send('footprint');
      return hear();
    },
    /** Stops it in order; gives its exit code. */
    async stop(): Promise<number | null> {
      child.send('stop');
      return (await ended)[0];
    },
  };
}

/** `VOLUME=60` soaks for about an hour. */
const requests = volumeOf(16_000);
// A million requests can exclude a smaller growth than some ten thousand can.
const isLong = requests >= 500_000;
const mostBytesPerRequest = isLong ? 10 : 250;
/** So many at the start are not counted: caches fill, and V8 compiles code and throws away what it uses no more. */
const warmUp = isLong ? 80_000 : requests / 2;

it(
  `a gateway with 256 MB of heap holds no more after ${requests} requests of callers, good and bad, and a Graph that fails`,
  async () => {
    let nextId = 0;
    const graph = await startTestGraph({
      acceptToken: (token) => !token.startsWith('forged'),
      recordRequests: false,
      newId: () => `soak-${nextId++ % ids}`,
    });
    closeLater(graph.close);
    const gateway = await startGatewayProcess({
      PORT: '0',
      LOG_LEVEL: 'info',
      EXPLORER: 'off',
      GRAPH_BASE_URL: graph.baseUrl,
      GRAPH_WRITE_BUDGET: '100000',
      GRAPH_REQUEST_BUDGET: '100000',
      OPERATION_TIMEOUT_MS: '1500',
      HEADERS_TIMEOUT_MS: '2000',
      GRAPH_BREAKER_OPEN_MS: '50',
      // Full within the warm-up.
      DOCUMENT_CACHE_BYTES: '1000000',
      OTEL_METRICS_EXPORTER: 'prometheus',
      OTEL_EXPORTER_PROMETHEUS_PORT: '0',
    });
    const url = new URL(gateway.url);

    /** Lets all callers work and leave, so that nothing is in flight when it is over. */
    async function runRound(): Promise<void> {
      const pool = new Pool(gateway.url, { connections: callers });
      let left = roundRequests;
      const work = async (): Promise<void> => {
        while (left-- > 0) {
          if (numbers.fraction() < shareWithFault) {
            graph.faults.add(numbers.pick(faults));
          }
          const isKnown = numbers.between(0, 4) > 0;
          const token = isKnown ? `soak-token-${numbers.between(0, tokens)}` : `forged-${left}`;
          await numbers.pick(operations)({ pool, url, token, chance: numbers.fraction });
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
    const heaps: number[] = [];
    for (let sent = roundRequests; sent <= requests; sent += roundRequests) {
      await runRound();
      const { heapUsedBytes } = await gateway.takeFootprint();
      if (sent > warmUp) {
        heaps.push(heapUsedBytes);
      }
    }
    // Connections that are kept for the next call are no leak; Graph's end of them closes.
    await graph.close();
    let grown: string[] = [];
    await until(async () => {
      const { held } = await gateway.takeFootprint();
      grown = Object.keys(held).filter((kind) => (held[kind] ?? 0) > (before.held[kind] ?? 0));
      return grown.length === 0;
    }, 300_000).catch(() => undefined);
    expect(await gateway.stop()).toBe(0);
    expect(grown).toEqual([]);
    expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 401, 404, 413, 415]));

    // Garbage that is not collected yet only makes a heap larger, so the smallest of each half tell of growth.
    const half = Math.ceil(heaps.length / 2);
    const [first, second] = [heaps.slice(0, half), heaps.slice(half)];
    const grownBytes = Math.min(...second) - Math.min(...first);
    process.stderr.write(`heap: ${heaps.map((bytes) => (bytes / 1e6).toFixed(2))} MB\n`);
    expect(grownBytes / (half * roundRequests)).toBeLessThanOrEqual(mostBytesPerRequest);
  },
  timeLimitMs(requests),
);
