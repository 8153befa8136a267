import { afterEach, describe, expect, it } from '@jest/globals';
import { type LatenessWatch, startLatenessWatch } from './lane/latenessWatch.ts';

let watch: LatenessWatch;
afterEach(() => watch.stop());

const turns = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs) {
    // Only time passes.
  }
}

describe('the watch for lateness', () => {
  it('tells how long everything else was held up, since a given time only', async () => {
    watch = startLatenessWatch();
    const startedMs = performance.now();
    block(300);
    // Known at once, before any timer had its turn.
    expect(watch.longestSince(startedMs)).toBeGreaterThan(270);
    await turns(30);
    expect(watch.longestSince(startedMs)).toBeGreaterThan(270);
    block(200);
    await turns(30);
    expect(watch.totalSince(startedMs)).toBeGreaterThan(440);
    const afterwardsMs = performance.now();
    await turns(30);
    expect(watch.longestSince(afterwardsMs)).toBeLessThan(270);
  });
});
