/** How many requests may be open at the same time. */
interface Limit {
  readonly open: number;
  /** How many were open when the event loop was late last. */
  readonly lastLateAt: number;
}

/** However late the event loop is, so many requests are let in: by them it is seen that it has become better. */
export const leastLimit = 16;

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
  const isBounded = Number.isFinite(highest) && bounds.eventLoopDelayMs > 0;
  const open = isBounded
    ? Math.min(highest, Math.max(leastLimit, bounds.eventLoopDelayMs * firstOpenPerMs))
    : highest;
  return { open, lastLateAt: Number.POSITIVE_INFINITY };
}

/**
 * Decides how many requests may be open until the next sample. While the event loop is busy and late, fewer than there
 * were, the less the later it is; else more where they are needed, by a tenth, and carefully near to where the loop was
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
export interface Load {
  /** How late the event loop comes to what is due, on average. */
  readonly eventLoopDelayMs: number;
  /** For how much of the time the event loop had something to do, from 0 to 1. */
  readonly eventLoopUtilization: number;
  /** Of the heap's limit, in percent. */
  readonly heapUsedPercent: number;
}

/** From when on requests are rejected; 0 sets no bound. */
export interface SheddingBounds {
  readonly eventLoopDelayMs: number;
  readonly heapPercent: number;
  /** Requests that are open at the same time. */
  readonly openRequests: number;
}

/** Why a request is rejected at the door. */
export type ShedReason = 'heap' | 'event-loop' | 'open-requests';

/** Gives the highest limit: what is configured, or none. */
function highestLimit({ openRequests }: SheddingBounds): number {
  return openRequests === 0 ? Number.POSITIVE_INFINITY : openRequests;
}

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
