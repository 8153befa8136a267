import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { pauseFor } from '../../src/graph/pauseFor.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('pauseFor', () => {
  it('waits so long, and leaves neither timer nor listener behind', async () => {
    const clock = createVirtualClock();
    const { signal } = new AbortController();
    let isOver = false;
    const pause = pauseFor(clock, 500, signal).then(() => {
      isOver = true;
    });
    await clock.advance(499);
    expect(isOver).toBe(false);
    await clock.advance(1);
    await pause;
    expect([isOver, clock.pendingTimers, listeners(signal)]).toEqual([true, 0, 0]);
  });

  it('ends at once when the signal fires, and takes its timer back', async () => {
    const clock = createVirtualClock();
    const controller = new AbortController();
    const pause = pauseFor(clock, 500, controller.signal);
    controller.abort('callerLeft');
    expect([clock.pendingTimers, listeners(controller.signal)]).toEqual([0, 0]);
    await expect(pause).rejects.toMatchObject({ code: 'callerLeft' });
  });

  it('does not begin where the signal has fired before', async () => {
    const clock = createVirtualClock();
    const pause = pauseFor(clock, 500, AbortSignal.abort('shutdown'));
    expect(clock.pendingTimers).toBe(0);
    await expect(pause).rejects.toMatchObject({ code: 'unavailable' });
  });
});
