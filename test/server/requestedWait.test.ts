import { describe, expect, it } from '@jest/globals';
import { readRequestedWaitMs } from '../../src/server/requestedWait.ts';

describe('readRequestedWaitMs', () => {
  it.each<[string | string[] | undefined, number | undefined]>([
    ['wait=10', 10_000],
    ['wait=1.5', 1500],
    ['wait=0.25', 250],
    ['Wait = "7"', 7000],
    ['respond-async, wait=10', 10_000],
    ['wait=10, handling=lenient', 10_000],
    ['wait=10; x=y', 10_000],
    ['wait=3, wait=10', 3000],
    [['return=minimal', 'wait=10'], 10_000],
    [undefined, undefined],
    ['', undefined],
    ['wait', undefined],
    ['wait=', undefined],
    ['wait=0', undefined],
    ['wait=-1', undefined],
    ['wait=soon', undefined],
    ['wait=1e3', undefined],
    ['wait=10s', undefined],
    ['wait=9999999', undefined],
    ['await=10', undefined],
    ['wait-time=10', undefined],
    // What follows a semicolon is a parameter of the preference before it, and no preference.
    ['return=minimal; wait=10', undefined],
  ])('reads %j as %j ms', (prefer, expected) => {
    expect(readRequestedWaitMs({ prefer })).toBe(expected);
  });

  it('finds none without the header', () => {
    expect(readRequestedWaitMs({ accept: 'wait=10' })).toBeUndefined();
  });
});
