import { describe, expect, it } from '@jest/globals';
import { attemptLimitMsOf } from '../../src/graph/send.ts';
import type { GraphOperation } from '../../src/graph/types.ts';

describe('attemptLimitMsOf', () => {
  it.each<[GraphOperation, number, number | undefined]>([
    // A read leaves time for a repeat.
    ['list', 20_000, 8_000],
    ['get', 8_001, 8_000],
    ['getMany', 20_000, 8_000],
    ['list', 8_000, undefined],
    ['list', 100, undefined],
    // An add leaves time to look.
    ['add', 20_000, 17_000],
    ['add', 12_000, 9_000],
    ['add', 4_000, 3_000],
    ['add', 100, 75],
    ['update', 20_000, undefined],
    ['delete', 20_000, undefined],
  ])('gives a %s with %i ms left %j ms', (operation, timeLeftMs, expected) => {
    expect(attemptLimitMsOf({ operation }, timeLeftMs)).toBe(expected);
  });
});
