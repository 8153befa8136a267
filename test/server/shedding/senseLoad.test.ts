import { getHeapStatistics } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import type { Load } from '../../../src/server/shedding/decideShedding.ts';
import { senseProcessLoad } from '../../../src/server/shedding/senseLoad.ts';
import { until } from '../../support/until.ts';

/** Keeps the event loop from everything else. */
function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs) {
    // Only time passes.
  }
}

describe('the sensor', () => {
  it('tells of a block before anything that waited behind it gets its turn', async () => {
    const loads: Load[] = [];
    const order: string[] = [];
    const stop = senseProcessLoad((load) => {
      loads.push(load);
      order.push('sensed');
    });
    await new Promise<void>((resolve) => {
      // A callback of the poll phase, as a request's bytes are.
      import('node:fs').then(({ stat }) => {
        stat('.', () => {
          order.length = 0;
          stat('.', () => {
            order.push('request');
            resolve();
          });
          block(400);
        });
      });
    });
    stop();
    expect(order).toEqual(['sensed', 'request']);
    expect(loads.at(-1)?.eventLoopDelayMs).toBeGreaterThan(50);
  });

  it("tells how full the heap is, as a share of V8's limit", async () => {
    const load = await new Promise<Load>((resolve) => {
      const stop = senseProcessLoad((sensed) => {
        stop();
        resolve(sensed);
      });
    });
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    expect(load.heapUsedPercent).toBeGreaterThan(0);
    expect(load.heapUsedPercent).toBeLessThan((used / limit) * 100 * 3);
  });

  it('tells nothing any more once it was stopped', async () => {
    const told: string[] = [];
    const stop = senseProcessLoad(() => told.push('stopped'));
    const stopAnother = senseProcessLoad(() => told.push('another'));
    stop();
    // It began later, so that the one before it would have told by then.
    await until(() => told.includes('another'));
    stopAnother();
    expect(new Set(told)).toEqual(new Set(['another']));
  });
});
