/** How much this process has to bear. */
export interface Load {
  /** How late the event loop comes to what is due, on average. */
  readonly eventLoopDelayMs: number;
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

/** Growth from one sample to the next; from the least limit to 1,000 in 4.5 s. */
const growth = 1.1;
const steepestDecrease = 0.5;

/** Gives the highest limit: what is configured, or none. */
export function highestLimit({ openRequests }: SheddingBounds): number {
  return openRequests === 0 ? Number.POSITIVE_INFINITY : openRequests;
}

/**
 * Decides how many requests may be open until the next sample. While the event loop is late, fewer than there were, the
 * less the later it is; else a tenth more. Each open request makes the loop later by its own work, so this ends where
 * the loop is about as late as it may be.
 */
export function nextLimit(
  limit: number,
  mostOpen: number,
  { eventLoopDelayMs: delayMs }: Load,
  bounds: SheddingBounds,
): number {
  const highest = highestLimit(bounds);
  if (bounds.eventLoopDelayMs === 0) {
    return highest;
  }
  const least = Math.min(leastLimit, highest);
  if (delayMs > bounds.eventLoopDelayMs) {
    const factor = Math.max(bounds.eventLoopDelayMs / delayMs, steepestDecrease);
    return Math.max(least, Math.floor(Math.min(limit, mostOpen) * factor));
  }
  return Math.min(highest, Math.ceil(limit * growth));
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
