import { describe, expect, it } from '@jest/globals';
import { createShedder } from '../../../src/server/shedding/createShedder.ts';

const bounds = { eventLoopDelayMs: 30, heapPercent: 90, openRequests: 40 };

/** A shedder that hears from the test what the process has to bear. */
function start() {
  const shedder = createShedder(bounds);
  const enter = () => {
    const reason = shedder.check();
    if (reason === undefined) {
      shedder.enter();
    }
    return reason;
  };
  const enterMany = (count: number) =>
    Array.from({ length: count }, () => enter()).filter((reason) => reason === undefined).length;
  return {
    shedder,
    enter,
    enterMany,
    sense: (eventLoopDelayMs: number, heapUsedPercent = 10) =>
      shedder.sense({ eventLoopDelayMs, eventLoopUtilization: 1, heapUsedPercent }),
  };
}

describe('a shedder', () => {
  it('lets in as many as are configured, and one more for each that leaves', () => {
    const { shedder, enter, enterMany } = start();
    expect(enterMany(50)).toBe(40);
    expect(enter()).toBe('open-requests');
    shedder.leave();
    expect([enter(), enter()]).toEqual([undefined, 'open-requests']);
  });

  it('lets fewer in than were open while the loop is late, and more again afterwards', () => {
    const { shedder, enter, enterMany, sense } = start();
    enterMany(40);
    sense(60);
    for (let left = 0; left < 25; left += 1) {
      shedder.leave();
    }
    expect(enterMany(50)).toBe(5);
    expect(enter()).toBe('event-loop');
    sense(0);
    expect(enterMany(50)).toBe(2);
  });

  it('measures by what was open since the last sample, not by what is open at that moment', () => {
    const { shedder, enterMany, sense } = start();
    enterMany(40);
    for (let left = 0; left < 40; left += 1) {
      shedder.leave();
    }
    sense(40);
    expect(enterMany(50)).toBe(30);
  });

  it('lets one at a time in while the heap is full', () => {
    const { shedder, enter, sense } = start();
    sense(0, 95);
    expect([enter(), enter()]).toEqual([undefined, 'heap']);
    shedder.leave();
    expect(enter()).toBeUndefined();
    sense(0, 50);
    expect(enter()).toBeUndefined();
  });
});
