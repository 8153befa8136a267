import { type Clock, systemClock } from '../../src/shared/clock.ts';

/** A clock whose time can jump; what is waited for meanwhile takes as long as before. */
export interface SkippingClock extends Clock {
  /** Goes on as if so much time had passed, or had not, without ending a wait. */
  skip(ms: number): void;
}

/** Makes a clock that has skipped nothing yet over another one. */
export function createSkippingClock(clock: Clock = systemClock): SkippingClock {
  let skippedMs = 0;
  return {
    now: () => clock.now() + skippedMs,
    startTimer: clock.startTimer,
    skip(ms) {
      skippedMs += ms;
    },
  };
}
