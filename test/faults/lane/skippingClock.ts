import { type Clock, systemClock } from '../../../src/clock.ts';

/** The machine's clock for all that waits; what only remembers can be made older. */
export interface SkippingClock extends Clock {
  /** Goes on as if so much time had passed, without ending a wait. */
  skip(ms: number): void;
}

/** Makes a clock that has skipped nothing yet. */
export function createSkippingClock(): SkippingClock {
  let skippedMs = 0;
  return {
    now: () => systemClock.now() + skippedMs,
    startTimer: systemClock.startTimer,
    skip(ms) {
      skippedMs += ms;
    },
  };
}
