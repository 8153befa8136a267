/** What the pause before the next load hangs on. */
export interface PauseWish {
  /** How many loads failed since the last good one. */
  readonly failures: number;
  readonly refreshMs: number;
  /** At least 0 and less than 1: it keeps replicas from asking all at once. */
  readonly chance: number;
}

const firstPauseMs = 10_000;
const longestPauseMs = 300_000;

/** How long to wait before keys are loaded again: long after a success, short and then longer after failures. */
export function pauseBeforeLoadMs({ failures, refreshMs, chance }: PauseWish): number {
  const wholeMs =
    failures === 0
      ? refreshMs
      : Math.min(refreshMs, longestPauseMs, firstPauseMs * 2 ** (failures - 1));
  return wholeMs * (1 - chance / 5);
}
