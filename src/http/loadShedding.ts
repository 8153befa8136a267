import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { overloaded, type RequestProblem, retryAfterSeconds } from '../graphql/problems.ts';
import { type Clock, onceClosed } from '../shared/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import {
  decideShedding,
  firstLimit,
  type Load,
  nextLimit,
  type SheddingBounds,
  type ShedReason,
} from './adaptiveLimit.ts';
import type { ArrivingBodies } from './arrivingBodies.ts';

export interface SheddingParts {
  readonly shedding: SheddingBounds;
  readonly clock: Clock;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'shed'>;
  /** The process itself if absent. */
  readonly senseLoad?: SenseLoad | undefined;
}

/** Their callers decide by the answers whether the process may live on. */
const neverShed: ReadonlySet<string | undefined> = new Set(['/livez', '/readyz']);

const quietMs = 10_000;

/**
 * Rejects requests with 503 while the gateway is overloaded. A request takes a place once it is whole; before that it is
 * only rejected if there is no place for it now. If the heap is full, bodies that are still arriving give way first.
 */
export function addShedding(
  app: FastifyInstance,
  parts: SheddingParts,
  arriving: Pick<ArrivingBodies, 'giveWay'>,
): void {
  const { shedding, clock, log, measurements, senseLoad = senseProcessLoad } = parts;
  const shedder = createShedder(shedding);
  const isDelayBounded = shedding.eventLoopDelayMs > 0;
  let heapSensedMs = Number.NEGATIVE_INFINITY;
  const inside = new WeakSet<FastifyRequest>();
  let quietSinceMs = Number.NEGATIVE_INFINITY;

  function judge(request: FastifyRequest, reply: FastifyReply, isWhole: boolean) {
    if (neverShed.has(request.routeOptions.url) || inside.has(request)) {
      return undefined;
    }
    if (!isDelayBounded) {
      senseHeap();
    }
    const reason = shedder.check();
    if (reason !== undefined && !(reason === 'heap' && isWhole && arriving.giveWay())) {
      return refuse(reply, reason);
    }
    if (isWhole) {
      inside.add(request);
      shedder.enter();
      onceClosed(reply.raw, () => shedder.leave());
    }
    return undefined;
  }

  /** Only a delay needs a timer to be seen. */
  function senseHeap(): void {
    const nowMs = clock.now();
    if (Math.abs(nowMs - heapSensedMs) >= heapSampleMs) {
      heapSensedMs = nowMs;
      const heapUsedPercent = readHeapUsedPercent();
      shedder.sense({ eventLoopDelayMs: 0, eventLoopUtilization: 0, heapUsedPercent });
    }
  }

  function refuse(reply: FastifyReply, reason: ShedReason): RequestProblem {
    measurements.shed(reason);
    const nowMs = clock.now();
    if (nowMs - quietSinceMs > quietMs) {
      log.warn('The gateway is overloaded and rejects requests', { reason });
    }
    quietSinceMs = nowMs;
    reply.header('retry-after', String(retryAfterSeconds));
    return overloaded();
  }

  app.addHook('onRequest', (request, reply, done) => {
    done(judge(request, reply, request.raw.complete));
  });
  app.addHook('preValidation', (request, reply, done) => {
    done(judge(request, reply, true));
  });
  let stopSensing = (): void => undefined;
  // The loop's work before that belonged to no request.
  app.addHook('onListen', async () => {
    stopSensing = isDelayBounded ? senseLoad(shedder.sense) : stopSensing;
  });
  app.addHook('onClose', async () => stopSensing());
}

/** Lets requests in, or not. */
interface Shedder {
  /** The reason why one more request must not be let in, if any; counts nothing. */
  check(): ShedReason | undefined;
  /** Counts one more open request. */
  enter(): void;
  /** Counts one less; called once for each that was let in. */
  leave(): void;
  /** Takes note of what the process has to bear now. */
  sense(load: Load): void;
}

/** Starts without a load. */
function createShedder(bounds: SheddingBounds): Shedder {
  let load: Load = { eventLoopDelayMs: 0, eventLoopUtilization: 0, heapUsedPercent: 0 };
  let limit = firstLimit(bounds);
  let open = 0;
  let mostOpen = 0;
  return {
    check: () => decideShedding(open, limit.open, load, bounds),
    enter() {
      open += 1;
      mostOpen = Math.max(mostOpen, open);
    },
    leave() {
      open -= 1;
    },
    sense(sensed) {
      load = sensed;
      limit = nextLimit(limit, mostOpen, load, bounds);
      mostOpen = open;
    },
  };
}

/** Starts to tell what the process has to bear, every tenth of a second; the returned function ends it. */
type SenseLoad = (onLoad: (load: Load) => void) => () => void;

const tickMs = 20;
const ticksPerSample = 5;
const heapSampleMs = tickMs * ticksPerSample;

function readHeapUsedPercent(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return (used / limit) * 100;
}

/**
 * Senses the real process: how late a timer of its own is, and how full the heap is. Not by `monitorEventLoopDelay`,
 * whose timer can come behind the one that reads it, so that a block is seen only after the requests behind it were
 * let in.
 */
export const senseProcessLoad: SenseLoad = (onLoad) => {
  let lastMs = performance.now();
  let sampleMs = lastMs;
  /** Weighted by time, as a request at a random moment finds it: a block counts for as long as it lasts. */
  let weightedMs = 0;
  let use = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    weightedMs += Math.max(0, nowMs - lastMs - tickMs) * (nowMs - lastMs);
    lastMs = nowMs;
    if (nowMs - sampleMs >= heapSampleMs) {
      const total = performance.eventLoopUtilization();
      onLoad({
        eventLoopDelayMs: weightedMs / (nowMs - sampleMs),
        eventLoopUtilization: performance.eventLoopUtilization(total, use).utilization,
        heapUsedPercent: readHeapUsedPercent(),
      });
      use = total;
      sampleMs = nowMs;
      weightedMs = 0;
    }
  }, tickMs);
  timer.unref();
  return () => clearInterval(timer);
};
