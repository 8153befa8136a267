import { describe, expect, it } from '@jest/globals';
import { decideWait } from '../../../src/graph/budget/decideWait.ts';

const question = {
  msBeforeNext: 5_000,
  waiting: 0,
  limit: 100,
  windowMs: 20_000,
  timeLeftMs: 18_000,
};

describe('decideWait', () => {
  it.each([
    ['the end of the window', {}, { kind: 'wait', waitMs: 5_000 }],
    ['no less than a millisecond', { msBeforeNext: 0 }, { kind: 'wait', waitMs: 1 }],
    [
      'the same where others wait but will not fill it',
      { waiting: 99 },
      { kind: 'wait', waitMs: 5_000 },
    ],
    [
      'a window longer where they will',
      { waiting: 100, timeLeftMs: 60_000 },
      { kind: 'wait', waitMs: 25_000 },
    ],
    ['nothing where that is too late', { waiting: 100 }, { kind: 'tooLate', retryAfterMs: 25_000 }],
    [
      'nothing where it ends just at the deadline',
      { timeLeftMs: 5_000 },
      { kind: 'tooLate', retryAfterMs: 5_000 },
    ],
  ])('waits %s', (_what, change, decision) => {
    expect(decideWait({ ...question, ...change })).toEqual(decision);
  });
});
