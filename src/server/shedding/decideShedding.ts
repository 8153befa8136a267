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

/** Gives the highest limit: what is configured, or none. */
export function highestLimit({ openRequests }: SheddingBounds): number {
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
