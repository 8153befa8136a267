import { describe, expect, it } from '@jest/globals';
import { findGrowth } from './footprint.ts';
import { isAtMost, slopeOf } from './slope.ts';

const line = (perMinute: number, noise: (index: number) => number = () => 0) =>
  Array.from({ length: 60 }, (_value, index) => ({
    minute: index / 10,
    value: 30 + (perMinute * index) / 10 + noise(index),
  }));

describe('the slope', () => {
  it.each([0, 0.1, -3])('of a straight line of %d is that, without a doubt', (perMinute) => {
    const slope = slopeOf(line(perMinute));
    expect(slope.perMinute).toBeCloseTo(perMinute, 9);
    expect(slope.uncertainty).toBeCloseTo(0, 6);
  });

  it('is as uncertain as the points are far from the line', () => {
    const zigzag = (height: number) =>
      slopeOf(line(0.05, (index) => (index % 2 ? height : -height)));
    expect(zigzag(1).perMinute).toBeCloseTo(0.05, 1);
    expect(zigzag(1).uncertainty / zigzag(0.1).uncertainty).toBeCloseTo(10, 6);
  });

  it('is at most what it certainly is not more than', () => {
    expect(isAtMost({ perMinute: 0.05, uncertainty: 0.04 }, 0.1)).toBe(true);
    expect(isAtMost({ perMinute: 0.05, uncertainty: 0.06 }, 0.1)).toBe(false);
    expect(isAtMost({ perMinute: -1, uncertainty: 0.5 }, 0.1)).toBe(true);
  });
});

describe('growth', () => {
  const footprint = (descriptors: number, resources: Record<string, number>) => ({
    heapUsedBytes: 0,
    descriptors,
    resources,
  });

  it('is told of everything that there is more of', () => {
    const before = footprint(20, { TCPServerWrap: 1, Timeout: 2 });
    expect(findGrowth(before, before)).toEqual([]);
    expect(findGrowth(before, footprint(19, { TCPServerWrap: 1 }))).toEqual([]);
    expect(
      findGrowth(before, footprint(21, { TCPServerWrap: 1, Timeout: 3, TCPSocketWrap: 1 })),
    ).toEqual([
      'Timeout: 2 before, 3 after',
      'TCPSocketWrap: 0 before, 1 after',
      'descriptors: 20 before, 21 after',
    ]);
  });
});
