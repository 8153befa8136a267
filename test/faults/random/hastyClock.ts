import { type Clock, systemClock } from '../../../src/clock.ts';

/** The machine's clock with timers that end sooner, so that a minute's outage is over in a moment. */
export interface HastyClock extends Clock {
  /** By how much timers that start from now on are faster. */
  haste: number;
}

/** Makes a clock without haste. */
export function createHastyClock(): HastyClock {
  const clock: HastyClock = {
    haste: 1,
    now: systemClock.now,
    startTimer: (delayMs, callback) => systemClock.startTimer(delayMs / clock.haste, callback),
  };
  return clock;
}
