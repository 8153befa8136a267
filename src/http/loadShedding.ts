import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config/config.ts';
import { overloaded, type RequestProblem, retryAfterSeconds } from '../graphql/errorFormat.ts';
import { type Clock, onceClosed } from '../shared/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';

type SheddingBounds = Config['shedding'];

interface SheddingParts extends Pick<Config, 'shedding'> {
  readonly clock: Clock;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'shed'>;
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
  arriving: { giveWay(): boolean },
): void {
  const { shedding, clock, log, measurements } = parts;
  let load: Load = { eventLoopDelayMs: 0, eventLoopUtilization: 0, heapUsedPercent: 0 };
  let limit = firstLimit(shedding);
  let open = 0;
  /** Since the last sample. */
  let mostOpen = 0;
  const inside = new WeakSet<FastifyRequest>();
  let quietSinceMs = Number.NEGATIVE_INFINITY;

  function judge(request: FastifyRequest, reply: FastifyReply, isWhole: boolean) {
    if (neverShed.has(request.routeOptions.url) || inside.has(request)) {
      return undefined;
    }
    const reason = decideShedding(open, limit.open, load, shedding);
    if (reason !== undefined && !(reason === 'heap' && isWhole && arriving.giveWay())) {
      return reject(reply, reason);
    }
    if (isWhole) {
      inside.add(request);
      open += 1;
      mostOpen = Math.max(mostOpen, open);
      onceClosed(reply.raw, () => {
        open -= 1;
      });
    }
    return undefined;
  }

  function sense(sensed: Load): void {
    load = sensed;
    limit = nextLimit(limit, mostOpen, load, shedding);
    mostOpen = open;
  }

  function reject(reply: FastifyReply, reason: ShedReason): RequestProblem {
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
  app.addHook('preValidation', (request, reply, done) => done(judge(request, reply, true)));
  let stopSensing = (): void => undefined;
  // The loop's work before that belonged to no request.
  app.addHook('onListen', async () => {
    const { eventLoopDelayMs, heapPercent } = shedding;
    if (eventLoopDelayMs > 0 || heapPercent > 0) {
      stopSensing = senseProcessLoad(sense, eventLoopDelayMs > 0 ? 20 : sampleEveryMs / 2);
    }
  });
  app.addHook('onClose', async () => stopSensing());
}

const sampleEveryMs = 100;

/**
 * Tells some ten times a second how late a timer of its own is, which costs an idle process more the shorter its ticks
 * are, and how full the heap is, until the returned function is called. Not by `monitorEventLoopDelay`, whose timer can come behind the one that reads it, so that a block is seen
 * only after the requests behind it were let in.
 */
function senseProcessLoad(onLoad: (load: Load) => void, tickMs: number): () => void {
  let lastMs = performance.now();
  let sampleMs = lastMs;
  /** Weighted by time, as a request at a random moment finds it: a block counts for as long as it lasts. */
  let weightedMs = 0;
  let use = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    weightedMs += Math.max(0, nowMs - lastMs - tickMs) * (nowMs - lastMs);
    lastMs = nowMs;
    if (nowMs - sampleMs >= sampleEveryMs) {
      const total = performance.eventLoopUtilization();
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
      onLoad({
        eventLoopDelayMs: weightedMs / (nowMs - sampleMs),
        eventLoopUtilization: performance.eventLoopUtilization(total, use).utilization,
        heapUsedPercent: (used / limit) * 100,
      });
      use = total;
      sampleMs = nowMs;
      weightedMs = 0;
    }
  }, tickMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** How many requests may be open at the same time. */
interface Limit {
  readonly open: number;
  /** How many were open when the event loop was late last. */
  readonly lastLateAt: number;
}

/** However late the event loop is, so many requests are let in: by them it is seen that it has become better. */
const leastLimit = 16;

/**
 * A loop that is late and has little to do waits for others on its machine; fewer requests would not help it. No more
 * than half: requests that wait for Graph together come back together, and are late although there are pauses between.
 */
const busyUtilization = 0.5;

/** Few requests make no loop late by their number; but behind a block a crowd is waiting that was never counted. */
const leastBlockMs = 250;
const blockOfBound = 2;

/** From one sample to the next, and only if it is needed; from the least limit to 1,000 in 5 s. */
const growth = 1.1;
/** Near to where the loop was late, it is felt for: what is let in too much there all others have to wait for. */
const carefulGrowth = 1.02;
const nearFrom = 0.9;
const nearTo = 1.2;
const nearlyReached = 0.8;
const steepestDecrease = 0.5;

/** A crowd that comes once is answered late, but it is answered; so many may come before the loop was late once. */
const firstOpenPerMs = 20;

/** Gives the limit to start with: the more the later the loop may be. */
export function firstLimit(bounds: SheddingBounds): Limit {
  const highest = highestLimit(bounds);
  const isBounded = bounds.openRequests > 0 && bounds.eventLoopDelayMs > 0;
  const wanted = Math.max(leastLimit, bounds.eventLoopDelayMs * firstOpenPerMs);
  return { open: isBounded ? Math.min(highest, wanted) : highest, lastLateAt: Infinity };
}

/**
 * Decides how many requests may be open until the next sample. While the event loop is busy and late, fewer than there
 * were, the less the later it is; else more if they are needed, by a tenth, and carefully near to where the loop was
 * late. Each open request makes the loop later by its own work, so this ends where it is about as late as it may be.
 * @param mostOpen how many were open at the same time since the last sample.
 */
export function nextLimit(
  limit: Limit,
  mostOpen: number,
  { eventLoopDelayMs: delayMs, eventLoopUtilization }: Load,
  bounds: SheddingBounds,
): Limit {
  if (bounds.eventLoopDelayMs === 0) {
    return limit;
  }
  const highest = highestLimit(bounds);
  const isLate = delayMs > bounds.eventLoopDelayMs && eventLoopUtilization >= busyUtilization;
  const isBlock = delayMs >= Math.max(leastBlockMs, bounds.eventLoopDelayMs * blockOfBound);
  if (isLate && mostOpen <= leastLimit && !isBlock) {
    return limit;
  }
  if (isLate) {
    const factor = Math.max(bounds.eventLoopDelayMs / delayMs, steepestDecrease);
    const were = Math.min(limit.open, mostOpen);
    const open = Math.max(Math.min(leastLimit, highest), Math.floor(were * factor));
    // What few requests or a block made late tells nothing of how many requests would.
    const isTelling = were > leastLimit && !isBlock;
    return { open, lastLateAt: isTelling ? were : limit.lastLateAt };
  }
  if (mostOpen < limit.open * nearlyReached) {
    return limit;
  }
  const { open, lastLateAt } = limit;
  const isNear = open >= lastLateAt * nearFrom && open < lastLateAt * nearTo;
  const factor = isNear ? carefulGrowth : growth;
  return { open: Math.min(highest, Math.ceil(open * factor)), lastLateAt };
}

/** How much this process has to bear. */
interface Load {
  /** How late the event loop comes to what is due, on average. */
  readonly eventLoopDelayMs: number;
  /** For how much of the time the event loop had something to do, from 0 to 1. */
  readonly eventLoopUtilization: number;
  /** Of the heap's limit, in percent. */
  readonly heapUsedPercent: number;
}

type ShedReason = 'heap' | 'event-loop' | 'open-requests';

const highestLimit = ({ openRequests }: SheddingBounds): number =>
  openRequests === 0 ? Number.POSITIVE_INFINITY : openRequests;

/** Decides about one more request; undefined lets it in. */
export function decideShedding(
  open: number,
  limit: number,
  { heapUsedPercent }: Load,
  bounds: SheddingBounds,
): ShedReason | undefined {
  // One at a time goes on: without any work the garbage that fills the heap might never be collected.
  if (bounds.heapPercent > 0 && heapUsedPercent >= bounds.heapPercent && open >= 1) {
    return 'heap';
  }
  if (open < limit) {
    return undefined;
  }
  return limit < highestLimit(bounds) ? 'event-loop' : 'open-requests';
}
