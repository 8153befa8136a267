import { describe, expect, it } from '@jest/globals';
import {
  decideShedding,
  type SheddingBounds,
} from '../../../src/server/shedding/decideShedding.ts';

const bounds: SheddingBounds = { eventLoopDelayMs: 30, heapPercent: 90, openRequests: 1000 };
const full = (heapUsedPercent: number) => ({
  eventLoopDelayMs: 0,
  eventLoopUtilization: 0,
  heapUsedPercent,
});

describe('decideShedding', () => {
  it.each([
    ['lets in below the limit', 49, 50, 10, undefined],
    ['refuses at a limit that the loop has lowered', 50, 50, 10, 'event-loop'],
    ['refuses at the limit that is configured', 1000, 1000, 10, 'open-requests'],
    ['refuses where the heap is full', 1, 1000, 90, 'heap'],
    [
      'lets one in all the same, so that there is work that collects garbage',
      0,
      1000,
      99,
      undefined,
    ],
    ['names the heap first', 50, 50, 95, 'heap'],
  ])('%s', (_what, open, limit, heapPercent, expected) => {
    expect(decideShedding(open, limit, full(heapPercent), bounds)).toBe(expected);
  });

  it('does not look at the heap where that is off', () => {
    expect(decideShedding(5, 1000, full(99), { ...bounds, heapPercent: 0 })).toBeUndefined();
  });
});
