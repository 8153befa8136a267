import { type Clock, systemClock } from '../../src/shared/clock.ts';

/** A clock whose time passes only when a test says so. */
export interface VirtualClock extends Clock {
  /** How many timers were started and neither fired nor were taken back. */
  readonly pendingTimers: number;
  /**
   * Lets time pass: fires what falls due in its order, each timer at its own time, and lets promises settle before and
   * after each. A timer that is started meanwhile fires too if it falls due. Rejects with what a callback throws.
   */
  advance(ms: number): Promise<void>;
  /** Lets time pass until the next timer falls due, and fires what is due then. Rejects if no timer is pending. */
  advanceToNext(): Promise<void>;
  /** Resolves once so many timers are pending, so that a test knows that a wait has begun before it lets time pass. */
  whenPending(count?: number): Promise<void>;
}

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** Makes a clock that stands still at `startMs`. */
export function createVirtualClock(startMs = Date.UTC(2026, 1, 11, 8, 30, 5)): VirtualClock {
  let nowMs = startMs;
  const timers = new Set<Timer>();
  let waiters: { readonly count: number; readonly resolve: () => void }[] = [];

  function tellWaiters(): void {
    const satisfied = waiters.filter(({ count }) => timers.size >= count);
    waiters = waiters.filter((waiter) => !satisfied.includes(waiter));
    for (const { resolve } of satisfied) {
      resolve();
    }
  }

  /** The timer that falls due first; of several at one time the one that was started first. */
  function nextDue(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of timers) {
      if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) {
        next = timer;
      }
    }
    return next;
  }

  async function advance(ms: number): Promise<void> {
    const untilMs = nowMs + ms;
    await settle();
    for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
      timers.delete(timer);
      nowMs = Math.max(nowMs, timer.dueMs);
      timer.callback();
      await settle();
    }
    nowMs = Math.max(nowMs, untilMs);
  }

  return {
    get pendingTimers() {
      return timers.size;
    },

    now: () => nowMs,

    startTimer(delayMs, callback) {
      const timer = { dueMs: nowMs + Math.max(0, delayMs), callback };
      timers.add(timer);
      tellWaiters();
      return () => timers.delete(timer);
    },

    advance,

    async advanceToNext() {
      const next = nextDue(Number.POSITIVE_INFINITY);
      if (next === undefined) {
        throw new Error('No timer is pending, so no time can pass');
      }
      await advance(next.dueMs - nowMs);
    },

    whenPending: (count = 1) =>
      new Promise((resolve) => {
        waiters.push({ count, resolve });
        tellWaiters();
      }),
  };
}

/** Waits for something that needs no time to pass: fires only the timers that are due already, and those again and again. */
export async function whileTimeStands<Outcome>(
  clock: VirtualClock,
  outcome: Promise<Outcome>,
): Promise<Outcome> {
  let isOver = false;
  const noteEnd = (): void => {
    isOver = true;
  };
  outcome.then(noteEnd, noteEnd);
  while (!isOver) {
    await clock.advance(0);
  }
  return outcome;
}

/** A turn of the event loop: all promises that wait for nothing but each other are settled behind it. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

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
