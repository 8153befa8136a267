import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  createLoopShare,
  forEachUnit,
  sliceMs,
  sortInSlices,
  wholeLoop,
} from '../src/loopShare.ts';

/** A share whose time and turns the test moves. */
function stage() {
  let nowMs = 0;
  const callbacks: (() => void)[] = [];
  const share = createLoopShare({
    now: () => nowMs,
    onNextTurn: (callback) => callbacks.push(callback),
  });
  return {
    share,
    work: (ms: number) => {
      nowMs += ms;
    },
    /** Lets the loop turn once, and what is to follow in that turn happen. */
    async turn(): Promise<void> {
      for (const callback of callbacks.splice(0)) {
        callback();
      }
      for (let tick = 0; tick < 20; tick += 1) {
        await Promise.resolve();
      }
    },
  };
}

describe('the share of the event loop', () => {
  it('is used up once the work of one turn took its time, whoever did it', async () => {
    const { share, work, turn } = stage();
    expect(share.isUsedUp()).toBe(false);
    work(sliceMs - 1);
    expect(share.isUsedUp()).toBe(false);
    work(1);
    expect(share.isUsedUp()).toBe(true);
    await turn();
    expect(share.isUsedUp()).toBe(false);
  });

  it('lets those who wait go on one by one, a turn each', async () => {
    const { share, work, turn } = stage();
    const done: string[] = [];
    const task = (name: string, units: number) =>
      forEachUnit(share, units, (index) => {
        done.push(`${name}${index}`);
        work(sliceMs);
      });
    const tasks = [task('a', 3), task('b', 2), task('c', 1)];
    const turns = [done.splice(0).join()];
    for (let count = 0; count < 5; count += 1) {
      await turn();
      turns.push(done.splice(0).join());
    }
    await Promise.all(tasks);
    expect(turns).toEqual(['a0', 'a1', 'b0', 'c0', 'a2', 'b1']);
  });

  it('sorts as the language does, in any slices', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(5), fc.nat()), { maxLength: 300, size: 'max' }),
        fc.integer({ min: 1, max: 50 }),
        async (items, unitsPerTurn) => {
          let units = 0;
          const share = {
            isUsedUp: () => ++units % unitsPerTurn === 0,
            nextTurn: () => Promise.resolve(),
          };
          const compare = (left: [number, number], right: [number, number]) => left[0] - right[0];
          const expected = items.toSorted(compare);
          expect(await sortInSlices(items, compare, share)).toEqual(expected);
          expect(await sortInSlices(items, compare, wholeLoop)).toEqual(expected);
        },
      ),
      { numRuns: 50 },
    );
  });
});
