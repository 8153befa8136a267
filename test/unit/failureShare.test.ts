import { describe, expect, it } from '@jest/globals';
import { createFailureShare } from '../../src/shared/circuitBreaker.ts';

function createShare() {
  let nowMs = Date.UTC(2026, 1, 11);
  const share = createFailureShare(() => nowMs);
  const succeed = (count: number) => {
    for (let index = 0; index < count; index += 1) {
      share.count(false);
    }
  };
  /** Whether any of so many failures opens. */
  const fail = (count: number) =>
    Array.from({ length: count }, () => {
      share.count(true);
      return share.isTooLarge();
    }).includes(true);
  return { share, succeed, fail, pass: (ms: number) => (nowMs += ms) };
}

describe('createFailureShare', () => {
  it('opens with the tenth call where all fail', () => {
    const { fail } = createShare();
    expect([fail(9), fail(1)]).toEqual([false, true]);
  });

  it.each([
    [5, 5, false],
    [5, 6, true],
    [50, 50, false],
    [50, 51, true],
    [1, 8, false],
    [1, 9, true],
  ])('after %i successes and %i failures opens: %j', (successes, failures, isOpen) => {
    const { succeed, fail } = createShare();
    succeed(successes);
    expect(fail(failures)).toBe(isOpen);
  });

  it('counts what lies within ten seconds', () => {
    const { fail, pass } = createShare();
    for (let second = 0; second < 9; second += 1) {
      expect(fail(1)).toBe(false);
      pass(1000);
    }
    expect(fail(1)).toBe(true);
  });

  it('forgets what is ten seconds ago, however few calls there were since', () => {
    const { fail, pass } = createShare();
    expect(fail(9)).toBe(false);
    pass(10_000);
    expect(fail(9)).toBe(false);
    pass(3_600_000);
    expect(fail(9)).toBe(false);
  });

  it('forgets the time to come where the clock is set back', () => {
    const { fail, pass } = createShare();
    fail(9);
    pass(-3_600_000);
    expect(fail(9)).toBe(false);
  });

  it('has no failures after a reset', () => {
    const { share, fail } = createShare();
    fail(100);
    share.forget();
    share.count(false);
    expect([fail(8), fail(1)]).toEqual([false, true]);
  });
});
