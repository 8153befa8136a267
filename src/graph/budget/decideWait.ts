/** All that the wait of a claim hangs on. */
export interface WaitQuestion {
  /** Until the window that has no room any more, or the pause, ends. */
  readonly msBeforeNext: number;
  /** How much is waiting here for the same already, and how much a window takes. */
  readonly waiting: number;
  readonly limit: number;
  readonly windowMs: number;
  readonly timeLeftMs: number;
}

export type WaitDecision =
  | { readonly kind: 'wait'; readonly waitMs: number }
  | { readonly kind: 'tooLate'; readonly retryAfterMs: number };

/**
 * Decides how long a claim that found no room waits: to the end of the window, and a window longer for each that those
 * who wait already will fill. What would come too late is told so now and not after the wait.
 */
export function decideWait(question: WaitQuestion): WaitDecision {
  const { msBeforeNext, waiting, limit, windowMs, timeLeftMs } = question;
  const waitMs = Math.max(1, msBeforeNext) + Math.floor(waiting / limit) * windowMs;
  return waitMs < timeLeftMs ? { kind: 'wait', waitMs } : { kind: 'tooLate', retryAfterMs: waitMs };
}
