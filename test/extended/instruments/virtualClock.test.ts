import { describe, expect, it } from '@jest/globals';
import { delay } from '../../../src/shared/clock.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';

describe('the virtual clock', () => {
  it('stands still until it is advanced', async () => {
    const clock = createVirtualClock(5000);
    const fired: number[] = [];
    clock.startTimer(10, () => fired.push(clock.now()));
    await clock.advance(9);
    expect([clock.now(), fired, clock.pendingTimers]).toEqual([5009, [], 1]);
    await clock.advance(1);
    expect([clock.now(), fired, clock.pendingTimers]).toEqual([5010, [5010], 0]);
  });

  it('fires in the order of the times, and of the starts where times are equal', async () => {
    const clock = createVirtualClock(0);
    const fired: string[] = [];
    for (const [name, ms] of [
      ['late', 30],
      ['first of two', 20],
      ['second of two', 20],
      ['early', 10],
    ] as const) {
      clock.startTimer(ms, () => fired.push(`${name} at ${clock.now()}`));
    }
    await clock.advance(100);
    expect(fired).toEqual([
      'early at 10',
      'first of two at 20',
      'second of two at 20',
      'late at 30',
    ]);
  });

  it('lets what waits go on in between, so that waits that follow each other all end in time', async () => {
    const clock = createVirtualClock(0);
    const times: number[] = [];
    const waiting = (async () => {
      for (let index = 0; index < 3; index += 1) {
        await delay(clock, 100);
        times.push(clock.now());
      }
    })();
    await clock.advance(250);
    expect([times, clock.now()]).toEqual([[100, 200], 250]);
    await clock.advance(50);
    await waiting;
    expect(times).toEqual([100, 200, 300]);
  });

  it('forgets a timer that is taken back', async () => {
    const clock = createVirtualClock();
    const takeBack = clock.startTimer(1, () => {
      throw new Error('fired');
    });
    takeBack();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(10);
  });

  it('fires a timer without a delay at once when it is advanced by nothing', async () => {
    const clock = createVirtualClock();
    const waiting = delay(clock, 0);
    await clock.advance(0);
    await waiting;
  });

  it('advances to the next timer, and to no other', async () => {
    const clock = createVirtualClock(0);
    const fired: number[] = [];
    for (const ms of [70, 30, 30]) {
      clock.startTimer(ms, () => fired.push(clock.now()));
    }
    await clock.advanceToNext();
    expect([fired, clock.now()]).toEqual([[30, 30], 30]);
    await clock.advanceToNext();
    expect([fired, clock.now()]).toEqual([[30, 30, 70], 70]);
    await expect(clock.advanceToNext()).rejects.toThrow('No timer is pending');
  });

  it('tells when a wait has begun', async () => {
    const clock = createVirtualClock();
    const isPending = clock.whenPending(2);
    clock.startTimer(1, () => undefined);
    setImmediate(() => clock.startTimer(2, () => undefined));
    await isPending;
    expect(clock.pendingTimers).toBe(2);
    await clock.whenPending();
  });

  it('rejects with what a callback throws', async () => {
    const clock = createVirtualClock();
    clock.startTimer(1, () => {
      throw new Error('from the callback');
    });
    await expect(clock.advance(1)).rejects.toThrow('from the callback');
  });
});
