/** How much this process has to bear. */
export interface Load {
  /** How late the event loop comes to what is due, on average. */
  readonly eventLoopDelayMs: number;
  /** For how much of the time the event loop had something to do, from 0 to 1. */
  readonly eventLoopUtilization: number;
  /** Of the heap's limit, in percent. */
  readonly heapUsedPercent: number;
}

/** From when on requests are refused; 0 sets no bound. */
export interface SheddingBounds {
  readonly eventLoopDelayMs: number;
  readonly heapPercent: number;
  /** Requests that are open at the same time. */
  readonly openRequests: number;
}

/** Why a request is refused at the door. */
export type ShedReason = 'heap' | 'event-loop' | 'open-requests';

/** However late the event loop is, so many requests are let in: by them it is seen that it has become better. */
export const leastLimit = 16;

/** A loop that is late and has nothing to do waits for others on its machine; fewer requests would not help it. */
const busyUtilization = 0.9;

/** Few requests make no loop late by their number; but behind a block a crowd is waiting that was never counted. */
const blockMs = 250;

/** From one sample to the next, and only where it is needed; from the least limit to 1,000 in 5 s. */
const growth = 1.1;
const nearlyReached = 0.8;
const steepestDecrease = 0.5;

/** Gives the highest limit: what is configured, or none. */
export function highestLimit({ openRequests }: SheddingBounds): number {
  return openRequests === 0 ? Number.POSITIVE_INFINITY : openRequests;
}

/**
 * Decides how many requests may be open until the next sample. While the event loop is busy and late, fewer than there
 * were, the less the later it is; else a tenth more where they are needed. Each open request makes the loop later by its
 * own work, so this ends where the loop is about as late as it may be.
 * @param mostOpen how many were open at the same time since the last sample.
 */
export function nextLimit(
  limit: number,
  mostOpen: number,
  { eventLoopDelayMs: delayMs, eventLoopUtilization }: Load,
  bounds: SheddingBounds,
): number {
  if (bounds.eventLoopDelayMs === 0) {
    return limit;
  }
  const highest = highestLimit(bounds);
  const isOverloaded = delayMs > bounds.eventLoopDelayMs && eventLoopUtilization >= busyUtilization;
  if (isOverloaded && mostOpen <= leastLimit && delayMs < blockMs) {
    return limit;
  }
  if (isOverloaded) {
    const factor = Math.max(bounds.eventLoopDelayMs / delayMs, steepestDecrease);
    const lower = Math.floor(Math.min(limit, mostOpen) * factor);
    return Math.max(Math.min(leastLimit, highest), lower);
  }
  const isNeeded = mostOpen >= limit * nearlyReached;
  return isNeeded ? Math.min(highest, Math.ceil(limit * growth)) : limit;
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
