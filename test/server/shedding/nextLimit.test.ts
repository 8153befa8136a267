import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { SheddingBounds } from '../../../src/server/shedding/decideShedding.ts';
import { firstLimit, leastLimit, nextLimit } from '../../../src/server/shedding/nextLimit.ts';

const bounds: SheddingBounds = { eventLoopDelayMs: 30, heapPercent: 90, openRequests: 1000 };
const late = (eventLoopDelayMs: number, eventLoopUtilization = 1) => ({
  eventLoopDelayMs,
  eventLoopUtilization,
  heapUsedPercent: 10,
});
const never = Number.POSITIVE_INFINITY;

describe('firstLimit', () => {
  it.each<[string, Partial<SheddingBounds>, number]>([
    ['is the more the later the loop may be', {}, 600],
    ['is no more than what is configured', { eventLoopDelayMs: 200 }, 1000],
    ['is the least at least', { eventLoopDelayMs: 0.1 }, leastLimit],
    ['is no more than what is configured, however little that is', { openRequests: 9 }, 9],
    ['is what is configured where the loop is not looked at', { eventLoopDelayMs: 0 }, 1000],
    ['is none where none is configured', { openRequests: 0 }, never],
  ])('%s', (_what, change, open) => {
    expect(firstLimit({ ...bounds, ...change })).toEqual({ open, lastLateAt: never });
  });
});

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
    [
      'takes for no block what is not much later than it may be',
      100,
      0,
      399,
      { eventLoopDelayMs: 200 },
      100,
    ],
    ['leaves less where less is configured', 4, 4, 3000, { openRequests: 4 }, 4],
    ['does not look at the loop where that is off', 1000, 20, 3000, { eventLoopDelayMs: 0 }, 1000],
  ])('%s', (_what, open, mostOpen, delayMs, change, expected) => {
    const limit = { open, lastLateAt: never };
    const next = nextLimit(limit, mostOpen, late(delayMs), { ...bounds, ...change });
    expect(next.open).toBe(expected);
  });

  it.each([
    ['grows by a tenth far from where the loop was late', 80, 100, 88],
    ['grows carefully near to it', 90, 100, 92],
    ['grows carefully a little beyond it', 119, 100, 122],
    ['grows by a tenth where it has become better', 120, 100, 132],
    ['grows by one at least, however carefully', 20, 20, 21],
  ])('%s', (_what, open, lastLateAt, expected) => {
    const next = nextLimit({ open, lastLateAt }, open, late(0), bounds);
    expect(next).toEqual({ open: expected, lastLateAt });
  });

  it.each([
    ['how many were open when it was late', 60, 31, 60],
    ['no more than were let in', 500, 31, 100],
    ['what it knew before where only a few were there', 3, 300, 400],
    ['what it knew before where it was a block', 60, 250, 400],
  ])('remembers %s', (_what, mostOpen, delayMs, lastLateAt) => {
    const limit = { open: 100, lastLateAt: 400 };
    expect(nextLimit(limit, mostOpen, late(delayMs), bounds)).toMatchObject({ lastLateAt });
  });

  it('stays where the loop is late for want of a processor, and not for want of time', () => {
    const limit = { open: 100, lastLateAt: never };
    expect(nextLimit(limit, 20, late(3000, 0.45), bounds)).toBe(limit);
    expect(nextLimit(limit, 20, late(3000, 0.55), bounds).open).toBe(leastLimit);
  });

  it.each([17, 40, 100, 400, 1000])(
    'comes back to the most within 7 s of samples from where it was late at %i, where it is needed',
    (lastLateAt) => {
      let limit = { open: leastLimit, lastLateAt };
      for (let sample = 0; sample < 70; sample += 1) {
        limit = nextLimit(limit, limit.open, late(0), bounds);
      }
      expect(limit.open).toBe(1000);
    },
  );

  it('is back behind a block within 2 s of samples where it was before', () => {
    let limit = nextLimit({ open: 80, lastLateAt: 85 }, 80, late(3000), bounds);
    limit = nextLimit(limit, 40, late(3000), bounds);
    for (let sample = 0; sample < 20; sample += 1) {
      limit = nextLimit(limit, limit.open, late(0), bounds);
    }
    expect(limit.open).toBeGreaterThanOrEqual(60);
  });

  it('settles where the loop is about as late as it may be', () => {
    const delayMsOf = (open: number): number => open * 0.4;
    const settled: number[] = [];
    let limit = firstLimit(bounds);
    for (let sample = 0; sample < 300; sample += 1) {
      limit = nextLimit(limit, limit.open, late(delayMsOf(limit.open)), bounds);
      if (sample >= 100) {
        settled.push(limit.open);
      }
    }
    expect(Math.max(...settled)).toBeLessThanOrEqual(78);
    expect(Math.min(...settled)).toBeGreaterThanOrEqual(70);
  });

  it('stays between the least and what is configured, whatever is sensed', () => {
    const sample = fc.record({
      delayMs: fc.double({ min: 0, max: 1e5, noNaN: true }),
      use: fc.double({ min: 0, max: 1, noNaN: true }),
      open: fc.nat(2000),
    });
    fc.assert(
      fc.property(fc.array(sample), (samples) => {
        let limit = firstLimit(bounds);
        for (const { delayMs, use, open } of samples) {
          limit = nextLimit(limit, open, late(delayMs, use), bounds);
          expect(limit.open).toBeGreaterThanOrEqual(leastLimit);
          expect(limit.open).toBeLessThanOrEqual(1000);
          expect(Number.isInteger(limit.open)).toBe(true);
        }
      }),
    );
  });
});
