import { afterAll } from '@jest/globals';
import type { CloseLater } from './played.ts';

/** To be called once in a `describe`, because it registers a hook: closes in the end what it is given. */
export function useClosing(): CloseLater {
  const toClose: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const close of toClose.splice(0).reverse()) {
      await close();
    }
  });
  return (close) => void toClose.push(close);
}
