import type { Clock } from '../shared/clock.ts';

/** Waiting that can be given up all at once. */
export interface Pauses {
  /** Waits, in milliseconds; after `giveUp` it never ends. */
  wait(delayMs: number): Promise<void>;
  /** Takes all timers back, so that none keeps the process alive. */
  giveUp(): void;
}

/** Makes pauses on a clock. */
export function createPauses(clock: Clock): Pauses {
  const cancels = new Set<() => void>();
  return {
    wait: (delayMs) =>
      new Promise((resolve) => {
        const cancel = clock.startTimer(delayMs, () => {
          cancels.delete(cancel);
          resolve();
        });
        cancels.add(cancel);
      }),
    giveUp() {
      for (const cancel of cancels) {
        cancel();
      }
      cancels.clear();
    },
  };
}
