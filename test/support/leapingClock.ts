import { type Clock, systemClock } from '../../src/shared/clock.ts';

/**
 * Makes a clock that leaps over pauses of certain lengths: such a timer fires at once, and its time has passed. All
 * other time is the machine's own, so that no deadline comes early on a busy machine.
 */
export function createLeapingClock(leapsMs: readonly number[]): Clock {
  let leaptMs = 0;
  return {
    now: () => systemClock.now() + leaptMs,
    startTimer(delayMs, callback) {
      if (!leapsMs.includes(delayMs)) {
        return systemClock.startTimer(delayMs, callback);
      }
      const timer = setImmediate(() => {
        leaptMs += delayMs;
        callback();
      });
      return () => clearImmediate(timer);
    },
  };
}
