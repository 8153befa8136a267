import { jest } from '@jest/globals';
import type { Clock } from '../../../src/clock.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';

/** A clock that stands still until it is told, and `Date` with it, because the breaker's library asks that one. */
export interface OutageClock extends Clock {
  /** What timers were started with, in milliseconds, since the list was emptied last. */
  readonly delaysMs: number[];
  advance(ms: number): Promise<void>;
  /** Gives `Date` back to the machine. */
  release(): void;
}

/** All that sockets and their clients live by. */
const notFaked = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;

/** Makes the clock, and takes `Date` away from the machine. */
export function createOutageClock(): OutageClock {
  const clock = createVirtualClock();
  jest.useFakeTimers({ now: clock.now(), doNotFake: [...notFaked] });
  const follow = (): void => {
    jest.setSystemTime(clock.now());
  };
  const delaysMs: number[] = [];
  return {
    now: clock.now,
    delaysMs,
    startTimer(delayMs, callback) {
      delaysMs.push(delayMs);
      return clock.startTimer(delayMs, () => {
        follow();
        callback();
      });
    },
    async advance(ms) {
      await clock.advance(ms);
      follow();
    },
    release: () => void jest.useRealTimers(),
  };
}
