import { Pool } from 'undici';
import { createRandomNumbers } from '../../support/randomNumbers.ts';
import { startTestGraph } from '../../support/testGraphs.ts';
import { type Footprint, findGrowth } from './footprint.ts';
import { type Point, type Slope, slopeOf } from './slope.ts';
import { type SoakedGateway, startSoakedGateway } from './soakedGateway.ts';
import { soakFaults } from './soakFaults.ts';
import { soakOperations } from './soakOperations.ts';

export interface SoakOptions {
  readonly minutes: number;
  /** At the start, while caches fill and code is compiled; not counted. */
  readonly warmUpMinutes: number;
  readonly seed: number;
  readonly print: (text: string) => void;
}

export interface SoakResult {
  /** The heap after garbage collection, in megabytes. */
  readonly heap: Slope;
  /** What there was more of at the end than at the start: sockets, timers, descriptors. */
  readonly growth: readonly string[];
  readonly exitCode: number | null;
}

const callers = 8;
const roundMs = 4_000;
const pauseMs = 5;
const shareWithFault = 0.05;
/** Caches are bounded, but large; fewer of what they hold fills them with the first minute. */
const tokens = 50;
const ids = 300;
const megabyte = 1024 * 1024;
const longestSettleMs = 300_000;

const environment = {
  PORT: '0',
  LOG_LEVEL: 'info',
  EXPLORER: 'off',
  OPERATION_TIMEOUT_MS: '1500',
  GRAPH_BREAKER_OPEN_MS: '50',
  GRAPH_WRITE_BUDGET: '100000',
  GRAPH_REQUEST_BUDGET: '100000',
  HEADERS_TIMEOUT_MS: '2000',
  // Full within the warm-up: this Graph accepts every token, so that documents of hostile callers are kept, too.
  DOCUMENT_CACHE_BYTES: '1000000',
  OTEL_METRICS_EXPORTER: 'prometheus',
  OTEL_EXPORTER_PROMETHEUS_PORT: '0',
};

/** Soaks a gateway, and prints what it holds meanwhile. */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const { minutes, warmUpMinutes, seed, print } = options;
  const numbers = createRandomNumbers(seed);
  let nextId = 0;
  const graph = await startTestGraph({
    acceptToken: () => true,
    recordRequests: false,
    newId: () => `soak-${nextId++ % ids}`,
  });
  const gateway = await startSoakedGateway({ ...environment, GRAPH_BASE_URL: graph.baseUrl });
  const before = await gateway.takeFootprint();
  print(describeFootprint('at the start', before));

  const points: Point[] = [];
  let sent = 0;
  const startMs = performance.now();
  const minuteNow = (): number => (performance.now() - startMs) / 60_000;
  while (minuteNow() < minutes) {
    sent += await runRound();
    const footprint = await gateway.takeFootprint();
    const minute = minuteNow();
    if (minute >= warmUpMinutes) {
      points.push({ minute, value: footprint.heapUsedBytes / megabyte });
    }
    if (points.length % 12 === 0) {
      print(describeFootprint(`${minute.toFixed(1)} min, ${sent} sent`, footprint));
    }
  }
  // Connections that are kept for the next call are no leak; Graph's end of them closes.
  await graph.close();
  const growth = await settle(gateway, before);
  const exitCode = await gateway.stop();
  const heap = slopeOf(points);
  print(
    `heap after garbage collection: ${heap.perMinute.toFixed(3)} ± ${heap.uncertainty.toFixed(3)} MB a minute; ` +
      `${points.length} samples after ${warmUpMinutes} min, ${sent} sent`,
  );
  return { heap, growth, exitCode };

  /** Lets all callers work for a while and leave, so that nothing is in flight when it is over; gives how much was sent. */
  async function runRound(): Promise<number> {
    const pool = new Pool(gateway.url, { connections: callers });
    const url = new URL(gateway.url);
    const untilMs = performance.now() + roundMs;
    let count = 0;
    const work = async (): Promise<void> => {
      while (performance.now() < untilMs) {
        if (numbers.fraction() < shareWithFault) {
          graph.faults.add(numbers.pick(soakFaults));
        }
        const token = `soak-token-${numbers.between(0, tokens)}`;
        await numbers.pick(soakOperations)({ pool, url, token, chance: () => numbers.fraction() });
        count += 1;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    };
    await Promise.all(Array.from({ length: callers }, work));
    graph.faults.clear();
    await pool.close();
    const metrics = new Pool(new URL(gateway.metricsUrl).origin);
    const answer = await metrics.request({ method: 'GET', path: '/metrics' });
    await answer.body.dump();
    await metrics.close();
    return count;
  }
}

/** Waits until nothing is held that was not held at the start; gives what is left. */
async function settle(gateway: SoakedGateway, before: Footprint): Promise<readonly string[]> {
  const untilMs = performance.now() + longestSettleMs;
  let growth = findGrowth(before, await gateway.takeFootprint());
  while (growth.length > 0 && performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    growth = findGrowth(before, await gateway.takeFootprint());
  }
  return growth;
}

function describeFootprint(when: string, footprint: Footprint): string {
  const { heapUsedBytes, descriptors, resources } = footprint;
  const kinds = Object.entries(resources).map(([kind, count]) => `${kind} ${count}`);
  return `${when}: heap ${(heapUsedBytes / megabyte).toFixed(2)} MB, descriptors ${descriptors}, ${kinds.join(', ')}`;
}
