/** The operations that are under way, whether their callers are still there or not. */
export interface RunningOperations {
  /** Notes one that begins; the returned function notes its end and may be called again. */
  begin(): () => void;
  /** Resolves once there is none. */
  whenNone(): Promise<void>;
}

/** Starts with none. */
export function createRunningOperations(): RunningOperations {
  const running = new Set<object>();
  let waiters: (() => void)[] = [];
  return {
    begin() {
      const operation = {};
      running.add(operation);
      return () => {
        running.delete(operation);
        if (running.size === 0) {
          const satisfied = waiters;
          waiters = [];
          for (const resolve of satisfied) {
            resolve();
          }
        }
      };
    },
    whenNone: () =>
      new Promise((resolve) => {
        if (running.size === 0) {
          resolve();
        } else {
          waiters.push(resolve);
        }
      }),
  };
}
