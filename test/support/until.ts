import { performance } from 'node:perf_hooks';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';

/**
 * Looks again and again until something is so. Throws after `withinMs`: a test whose time is up is over for the test
 * runner only, and what it had begun would go on looking beside all tests that follow.
 */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  withinMs = 100_000,
): Promise<void> {
  const startedMs = performance.now();
  while (!(await isSo())) {
    const waitedMs = performance.now() - startedMs;
    if (waitedMs > withinMs) {
      throw new Error(`What was waited for did not come: ${isSo}`);
    }
    // What happens in this process is there within a few turns of the event loop.
    await (waitedMs < 20 ? turn() : pause(Math.min(20, waitedMs / 20)));
  }
}
