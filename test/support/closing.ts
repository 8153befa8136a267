import { afterEach } from '@jest/globals';

/** Has something closed in the end, whatever becomes of the test; of several calls the last is served first. */
export type CloseLater = (...closes: readonly (() => unknown)[]) => void;

/** Closes after each test, or at the end with `afterAll`. To be called in a test file, because it registers a hook. */
export function useClosing(hook = afterEach): CloseLater {
  const toClose: (readonly (() => unknown)[])[] = [];
  hook(async () => {
    for (const close of toClose.splice(0).reverse().flat()) {
      await close();
    }
  });
  return (...closes) => void toClose.push(closes);
}
