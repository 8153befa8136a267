import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  decideShedding,
  leastLimit,
  nextLimit,
  type SheddingBounds,
} from '../../../src/server/shedding/decideShedding.ts';

const bounds: SheddingBounds = { eventLoopDelayMs: 30, heapPercent: 90, openRequests: 1000 };
const late = (eventLoopDelayMs: number) => ({ eventLoopDelayMs, heapUsedPercent: 10 });
const full = (heapUsedPercent: number) => ({ eventLoopDelayMs: 0, heapUsedPercent });

describe('nextLimit', () => {
  it.each<[string, number, number, number, Partial<SheddingBounds>, number]>([
    ['grows by a tenth while the loop is on time', 100, 100, 5, {}, 111],
    ['grows at the bound itself', 100, 100, 30, {}, 111],
    ['grows by one at least', 1, 1, 0, { openRequests: 9 }, 2],
    ['grows no further than to what is configured', 990, 400, 0, {}, 1000],
    ['shrinks by what the loop is late', 100, 100, 40, {}, 75],
    ['halves at the most', 100, 100, 3000, {}, 50],
    ['counts from what was open, where that is less', 1000, 60, 40, {}, 45],
    ['leaves the least', 20, 20, 3000, {}, leastLimit],
    ['leaves less where less is configured', 4, 4, 3000, { openRequests: 4 }, 4],
    ['does not look at the loop where that is off', 20, 20, 3000, { eventLoopDelayMs: 0 }, 1000],
  ])('%s', (_what, limit, mostOpen, delayMs, change, expected) => {
    expect(nextLimit(limit, mostOpen, late(delayMs), { ...bounds, ...change })).toBe(expected);
  });

  it('is without an end where nothing is configured, and finds back to a number', () => {
    const open = { ...bounds, openRequests: 0 };
    expect(nextLimit(Number.POSITIVE_INFINITY, 500, late(0), open)).toBe(Number.POSITIVE_INFINITY);
    expect(nextLimit(Number.POSITIVE_INFINITY, 500, late(60), open)).toBe(250);
  });

  it('comes back from the least to the most within 5 s of samples', () => {
    let limit = leastLimit;
    for (let sample = 0; sample < 50; sample += 1) {
      limit = nextLimit(limit, 0, late(0), bounds);
    }
    expect(limit).toBe(1000);
  });

  it('stays between the least and what is configured, whatever is sensed', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ delayMs: fc.double({ min: 0, max: 1e5, noNaN: true }), open: fc.nat(2000) }),
        ),
        (samples) => {
          let limit = 1000;
          for (const { delayMs, open } of samples) {
            limit = nextLimit(limit, open, late(delayMs), bounds);
            expect(limit).toBeGreaterThanOrEqual(leastLimit);
            expect(limit).toBeLessThanOrEqual(1000);
            expect(Number.isInteger(limit)).toBe(true);
          }
        },
      ),
    );
  });
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
