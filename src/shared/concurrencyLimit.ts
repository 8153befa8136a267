import type { EndSignal } from './abort.ts';

export interface ConcurrencyOptions {
  /** Attempts in flight at one time. */
  readonly concurrency: number;
  /** Attempts that may wait for their turn. */
  readonly queue: number;
}

/** What is thrown in place of an attempt. */
interface ConcurrencyErrors {
  /** The queue is full. */
  readonly full: () => Error;
  /** The signal fired before the turn came. */
  readonly ended: (signal: EndSignal) => Error;
}

/** Bounds what is in flight to one upstream and what waits for it. */
export interface ConcurrencyLimit {
  /** Takes a free place, if any, without a promise. Each place taken has to be given back with `leave`. */
  tryEnter(signal: EndSignal): boolean;
  /** Waits for a place. @throws what `errors` make. */
  enter(signal: EndSignal): Promise<void>;
  leave(): void;
  /** Runs the work in its turn. Once started, the work has to listen to the signal itself. */
  run<Result>(signal: EndSignal, work: () => Promise<Result>): Promise<Result>;
}

/** Makes the limit of one upstream. Attempts start in the order in which they came; a wait ends with its signal. */
export function createConcurrencyLimit(
  { concurrency, queue }: ConcurrencyOptions,
  errors: ConcurrencyErrors,
): ConcurrencyLimit {
  let inFlight = 0;
  /** In the order in which they came; calling one gives it the place. */
  const waiting = new Set<() => void>();

  const waitForPlace = (signal: EndSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const stopWaiting = (): void => {
        waiting.delete(begin);
        signal.removeEventListener('abort', onAbort);
      };
      const begin = (): void => {
        stopWaiting();
        resolve();
      };
      const onAbort = (): void => {
        stopWaiting();
        reject(errors.ended(signal));
      };
      waiting.add(begin);
      signal.addEventListener('abort', onAbort);
    });

  const limit: ConcurrencyLimit = {
    tryEnter(signal) {
      const hasPlace = !signal.aborted && inFlight < concurrency;
      inFlight += hasPlace ? 1 : 0;
      return hasPlace;
    },
    async enter(signal) {
      if (signal.aborted) {
        throw errors.ended(signal);
      }
      if (limit.tryEnter(signal)) {
        return;
      }
      if (waiting.size >= queue) {
        throw errors.full();
      }
      await waitForPlace(signal);
    },
    leave() {
      const [next] = waiting;
      if (next === undefined) {
        inFlight -= 1;
      } else {
        // The place goes on from hand to hand, so that no newcomer takes it.
        next();
      }
    },
    async run(signal, work) {
      await limit.enter(signal);
      try {
        return await work();
      } finally {
        limit.leave();
      }
    },
  };
  return limit;
}
