import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { untilEnded } from '../../src/graph/untilEnded.ts';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('untilEnded', () => {
  it('gives what was waited for and stops listening', async () => {
    const { signal } = new AbortController();
    await expect(untilEnded(signal, Promise.resolve('result'))).resolves.toBe('result');
    await turn();
    expect(listeners(signal)).toBe(0);
  });

  it('throws what was thrown and stops listening', async () => {
    const { signal } = new AbortController();
    const broken = new Error('broken');
    await expect(untilEnded(signal, Promise.reject(broken))).rejects.toBe(broken);
    await turn();
    expect(listeners(signal)).toBe(0);
  });

  it('ends at once when the signal fires', async () => {
    const controller = new AbortController();
    const waiting = untilEnded(controller.signal, new Promise(() => undefined));
    controller.abort('deadline');
    expect(listeners(controller.signal)).toBe(0);
    await expect(waiting).rejects.toMatchObject({ code: 'timeout' });
  });

  it('ends at once where the signal has fired before', async () => {
    const waiting = untilEnded(AbortSignal.abort('callerLeft'), new Promise(() => undefined));
    await expect(waiting).rejects.toMatchObject({ code: 'callerLeft' });
  });

  it('does not let a failure that comes too late go unhandled', async () => {
    const controller = new AbortController();
    let fail = (_error: Error): void => undefined;
    const awaited = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    const waiting = untilEnded(controller.signal, awaited);
    controller.abort('deadline');
    await expect(waiting).rejects.toMatchObject({ code: 'timeout' });
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    fail(new Error('too late'));
    await turn();
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});
