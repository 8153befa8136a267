import { describe, expect, it } from '@jest/globals';
import { parseRetryAfterMs } from '../../../../src/graph/pipeline/retry/retryAfter.ts';

const now = Date.parse('2026-03-01T12:00:00Z');

describe('parseRetryAfterMs', () => {
  it.each<[string | undefined, number | undefined]>([
    ['2', 2000],
    ['0', 0],
    ['2.128', 2128],
    ['0.249', 249],
    [' 3600 ', 3_600_000],
    ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
    ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
    [undefined, undefined],
    ['', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['soon', undefined],
    ['2026-03-01', undefined],
    ['99999999999999', undefined],
    ['Sun, 99 Mar 2026 12:00:30 GMT', undefined],
  ])('reads %j as %j ms', (header, expected) => {
    expect(parseRetryAfterMs(header, now)).toBe(expected);
  });
});
