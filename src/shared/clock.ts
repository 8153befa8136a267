/** Time as the gateway sees it, injected so that no test has to sleep. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after `delayMs`; the returned function takes the timer back. */
  startTimer(delayMs: number, callback: () => void): () => void;
}

/** No work of the gateway keeps the event loop for so long, so a later timer means that the whole process was stopped. */
const stoppedMs = 1_000;
/** Enough to read what waits on all connections, and to work through the answers. */
const graceMs = 250;

/**
 * For how long a timer gives way that fires so late; both in milliseconds. After a stop of the process, timers come before
 * the bytes that arrived meanwhile: they would judge calls as unanswered whose answers wait to be read.
 */
export function graceOf(lateMs: number): number {
  return lateMs >= stoppedMs ? graceMs : 0;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  startTimer(delayMs, callback) {
    const dueMs = performance.now() + delayMs;
    let timer = setTimeout(() => {
      const waitMs = graceOf(performance.now() - dueMs);
      if (waitMs === 0) {
        callback();
      } else {
        timer = setTimeout(callback, waitMs);
      }
    }, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Waits; in milliseconds. */
export function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.startTimer(delayMs, resolve);
  });
}
