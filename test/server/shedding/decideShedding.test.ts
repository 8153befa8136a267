import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  decideShedding,
  highestLimit,
  leastLimit,
  nextLimit,
  type SheddingBounds,
} from '../../../src/server/shedding/decideShedding.ts';

const bounds: SheddingBounds = { eventLoopDelayMs: 30, heapPercent: 90, openRequests: 1000 };
const late = (eventLoopDelayMs: number, eventLoopUtilization = 1) => ({
  eventLoopDelayMs,
  eventLoopUtilization,
  heapUsedPercent: 10,
});
const full = (heapUsedPercent: number) => ({ ...late(0, 0), heapUsedPercent });

describe('nextLimit', () => {
  it.each<[string, number, number, number, Partial<SheddingBounds>, number]>([
    ['grows by a tenth while the loop is on time and it is reached', 100, 100, 5, {}, 111],
    ['grows where it is nearly reached, at the bound itself', 100, 80, 30, {}, 111],
    ['does not grow where nobody needs it', 100, 79, 5, {}, 100],
    ['grows by one at least', 1, 1, 0, { openRequests: 9 }, 2],
    ['grows no further than to what is configured', 990, 990, 0, {}, 1000],
    ['shrinks by what the loop is late', 100, 100, 40, {}, 75],
    ['halves at the most', 100, 100, 3000, {}, 50],
    ['counts from what was open, where that is less', 1000, 60, 40, {}, 45],
    ['leaves the least', 20, 20, 40, {}, leastLimit],
    ['does not shrink for the sake of a few', 100, 8, 200, {}, 100],
    ['does not grow while the loop is late', 8, 8, 200, {}, 8],
    ['shrinks behind a block, whoever was there', 100, 0, 250, {}, leastLimit],
    ['leaves less where less is configured', 4, 4, 3000, { openRequests: 4 }, 4],
    ['does not look at the loop where that is off', 1000, 20, 3000, { eventLoopDelayMs: 0 }, 1000],
  ])('%s', (_what, limit, mostOpen, delayMs, change, expected) => {
    expect(nextLimit(limit, mostOpen, late(delayMs), { ...bounds, ...change })).toBe(expected);
  });

  it('stays where the loop is late for want of a processor, and not for want of time', () => {
    expect(nextLimit(100, 20, late(3000, 0.85), bounds)).toBe(100);
    expect(nextLimit(100, 20, late(3000, 0.95), bounds)).toBe(leastLimit);
  });

  it('comes back from the least to the most within 6 s of samples, where it is needed', () => {
    let limit = leastLimit;
    for (let sample = 0; sample < 60; sample += 1) {
      limit = nextLimit(limit, limit, late(0), bounds);
    }
    expect(limit).toBe(1000);
  });

  it('stays between the least and what is configured, whatever is sensed', () => {
    const sample = fc.record({
      delayMs: fc.double({ min: 0, max: 1e5, noNaN: true }),
      use: fc.double({ min: 0, max: 1, noNaN: true }),
      open: fc.nat(2000),
    });
    fc.assert(
      fc.property(fc.array(sample), (samples) => {
        let limit = highestLimit(bounds);
        for (const { delayMs, use, open } of samples) {
          limit = nextLimit(limit, open, late(delayMs, use), bounds);
          expect(limit).toBeGreaterThanOrEqual(leastLimit);
          expect(limit).toBeLessThanOrEqual(1000);
          expect(Number.isInteger(limit)).toBe(true);
        }
      }),
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
