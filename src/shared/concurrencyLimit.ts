import type { EndSignal } from './abort.ts';

/** How many calls to one upstream may be in flight. */
export interface ConcurrencyOptions {
  /** Attempts at the same time. */
  readonly concurrency: number;
  /** Attempts that may wait for their turn. */
  readonly queue: number;
}

/** What is thrown in place of an attempt. */
interface ConcurrencyErrors {
  /** Too much waits already. */
  readonly full: () => Error;
  /** The signal fired before the turn came. */
  readonly ended: (signal: EndSignal) => Error;
}

/** Bounds what is in flight at one time and what waits for it. */
export interface ConcurrencyLimit {
  /** Takes a free place, if any, without a promise. Each place taken has to be given back with `leave`. */
  tryEnter(signal: EndSignal): boolean;
  /** Waits for a place. @throws what `errors` make. */
  enter(signal: EndSignal): Promise<void>;
  leave(): void;
  /** Runs the work when its turn comes. Once started, the work has to listen to the signal itself. */
  run<Result>(signal: EndSignal, work: () => Promise<Result>): Promise<Result>;
}

/**
 * Makes the turns of one upstream; a wait ends with its signal. Who gives up leaves
 * the queue, and no newcomer takes a turn before those who wait.
 */
export function createConcurrencyLimit(
  { concurrency, queue }: ConcurrencyOptions,
  errors: ConcurrencyErrors,
): ConcurrencyLimit {
  let underWay = 0;
  /** In the order in which they came; calling one gives it the turn. */
  const waiting = new Set<() => void>();

  function passTurnOn(): void {
    const [next] = waiting;
    if (next === undefined) {
      underWay -= 1;
    } else {
      next();
    }
  }

  function waitForTurn(signal: EndSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        waiting.delete(begin);
        signal.removeEventListener('abort', onAbort);
      };
      const begin = (): void => {
        leave();
        resolve();
      };
      const onAbort = (): void => {
        leave();
        reject(errors.ended(signal));
      };
      waiting.add(begin);
      signal.addEventListener('abort', onAbort);
    });
  }

  function tryEnter(signal: EndSignal): boolean {
    const hasPlace = !signal.aborted && underWay < concurrency;
    underWay += hasPlace ? 1 : 0;
    return hasPlace;
  }

  async function enter(signal: EndSignal): Promise<void> {
    if (signal.aborted) {
      throw errors.ended(signal);
    }
    if (tryEnter(signal)) {
      return;
    }
    if (waiting.size >= queue) {
      throw errors.full();
    }
    await waitForTurn(signal);
  }

  return {
    tryEnter,
    enter,
    leave: passTurnOn,
    async run(signal, work) {
      await enter(signal);
      try {
        return await work();
      } finally {
        passTurnOn();
      }
    },
  };
}
