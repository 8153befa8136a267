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

/** What ends work: as much of an AbortSignal as the way of a request uses, so that either may be given. */
export interface EndSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * An end that fires once. An AbortSignal walks the list of its listeners at each change: with 10,000 operations in
 * flight, one more took 114 µs. Here adding and removing cost the same however many there are.
 */
export class EndController implements EndSignal {
  aborted = false;
  reason: unknown = undefined;
  #listeners: Set<() => void> | undefined;

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.aborted) {
      this.#listeners ??= new Set();
      this.#listeners.add(listener);
    }
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners?.delete(listener);
  }

  /** Calls those who listen, each once; one that is removed meanwhile is not called. Further calls do nothing. */
  abort(reason?: unknown): void {
    if (this.aborted) {
      return;
    }
    this.aborted = true;
    this.reason = reason;
    const listeners = this.#listeners ?? [];
    for (const listener of listeners) {
      listener();
    }
    this.#listeners = undefined;
  }
}

/**
 * Waits for something, but no longer than until the signal fires; then rejects with what `errorOf` makes of the signal.
 * What was waited for goes on by itself, unheard.
 */
export function abortable<Result, Signal extends EndSignal>(
  signal: Signal,
  awaited: Promise<Result>,
  errorOf: (signal: Signal) => Error,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      signal.removeEventListener('abort', onAbort);
      reject(errorOf(signal));
    };
    const stopListening = (): void => signal.removeEventListener('abort', onAbort);
    awaited.then(resolve, reject).finally(stopListening);
    if (signal.aborted) {
      onAbort();
    } else {
      signal.addEventListener('abort', onAbort);
    }
  });
}

/** Calls the listener once when the response is finished or its connection is gone; at once if that was before. */
export function onceClosed(
  response: { readonly destroyed: boolean; once(event: 'close', listener: () => void): unknown },
  listener: () => void,
): void {
  if (response.destroyed) {
    listener();
  } else {
    response.once('close', listener);
  }
}
