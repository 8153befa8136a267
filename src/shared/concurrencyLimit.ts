/** How much may be in flight to one upstream. */
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
  readonly ended: (signal: AbortSignal) => Error;
}

/** Bounds what is in flight at one time and what waits for it. */
export interface ConcurrencyLimit {
  /** Runs the work when its turn comes; work in flight listens to the signal itself. */
  run<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result>;
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

  function waitForTurn(signal: AbortSignal): Promise<void> {
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

  async function takeTurn(signal: AbortSignal): Promise<void> {
    if (signal.aborted) {
      throw errors.ended(signal);
    }
    if (underWay < concurrency) {
      underWay += 1;
      return;
    }
    if (waiting.size >= queue) {
      throw errors.full();
    }
    await waitForTurn(signal);
  }

  return {
    async run(signal, work) {
      await takeTurn(signal);
      try {
        return await work();
      } finally {
        passTurnOn();
      }
    },
  };
}
