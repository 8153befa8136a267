/** How many repeats there are to spare: a share of the requests, and a few each second for quiet times. */
export interface RetryBudget {
  /** Counts a request, of which a share is added. */
  deposit(): void;
  /** Whether a repeat can be taken. */
  hasOne(): boolean;
  /** Takes a repeat. */
  take(): void;
}

const sharePerRequest = 0.1;
const perSecond = 3;
const maximum = 30;

/** Makes the budget of one process; `now` gives milliseconds. Without one, repeats multiply the load that broke Graph. */
export function createRetryBudget(now: () => number): RetryBudget {
  let balance = maximum;
  let countedAtMs = now();
  const add = (repeats: number): void => {
    balance = Math.min(maximum, balance + repeats);
  };
  return {
    deposit: () => add(sharePerRequest),
    hasOne() {
      const nowMs = now();
      add((Math.max(0, nowMs - countedAtMs) / 1000) * perSecond);
      countedAtMs = nowMs;
      return balance >= 1;
    },
    take: () => add(-1),
  };
}
