import { describe, expect, it } from '@jest/globals';
import { type Clock, delay, systemClock } from '../src/clock.ts';

describe('systemClock', () => {
  it('calls back after the time, unless the timer is taken back', async () => {
    const called: string[] = [];
    const takeBack = systemClock.startTimer(0, () => called.push('taken back'));
    takeBack();
    await new Promise<void>((resolve) => {
      systemClock.startTimer(1, () => {
        called.push('kept');
        resolve();
      });
    });
    expect(called).toEqual(['kept']);
  });
});

describe('delay', () => {
  it("waits by the injected clock's timer", async () => {
    const started: number[] = [];
    const clock: Clock = {
      now: () => 0,
      startTimer(delayMs, callback) {
        started.push(delayMs);
        callback();
        return () => undefined;
      },
    };
    await delay(clock, 86_400_000);
    expect(started).toEqual([86_400_000]);
  });
});
