import { describe, expect, it } from '@jest/globals';
import type { PartnerResource } from '../../src/graph/resource.ts';
import { createPartnerRows, TooManyRowsError } from '../../src/selection/partnerRows.ts';

/** Pages of these sizes, and how many of them were taken. */
function pagesOf(...sizes: number[]) {
  const taken = { count: 0 };
  async function* read(): AsyncGenerator<readonly PartnerResource[], void, undefined> {
    let next = 0;
    for (const size of sizes) {
      taken.count += 1;
      await null;
      yield Array.from({ length: size }, () => ({ id: String(next++) }));
    }
  }
  return { taken, pages: read(), rows: createPartnerRows(read(), 1000) };
}

describe('createPartnerRows', () => {
  it('reads nothing before somebody asks, then only as far as asked', async () => {
    const { taken, rows } = pagesOf(2, 2, 2);
    expect(taken.count).toBe(0);
    expect(await rows.atLeast(2)).toHaveLength(2);
    expect(taken.count).toBe(1);
    expect(await rows.atLeast(3)).toHaveLength(4);
    expect(taken.count).toBe(2);
  });

  it('goes through empty pages', async () => {
    const { taken, rows } = pagesOf(0, 0, 1);
    expect(await rows.atLeast(1)).toEqual([{ id: '0' }]);
    expect(taken.count).toBe(3);
  });

  it('gives all where there are fewer than asked', async () => {
    const { rows } = pagesOf(2, 1);
    expect(await rows.atLeast(10)).toEqual([{ id: '0' }, { id: '1' }, { id: '2' }]);
  });

  it('takes each page once, even for two that ask at once', async () => {
    const { taken, rows } = pagesOf(2, 2);
    const [some, all] = await Promise.all([rows.atLeast(3), rows.atLeast(Infinity)]);
    expect(some).toEqual(all);
    expect(all.map(({ id }) => id)).toEqual(['0', '1', '2', '3']);
    expect(taken.count).toBe(2);
  });

  it('stops where the list is longer than it may be, and only then', async () => {
    async function* endless(): AsyncGenerator<readonly PartnerResource[], void, undefined> {
      for (;;) {
        yield [{ id: 'one' }, { id: 'two' }];
      }
    }
    const rows = createPartnerRows(endless(), 5);
    expect(await rows.atLeast(4)).toHaveLength(4);
    await expect(rows.atLeast(Infinity)).rejects.toThrow(TooManyRowsError);
    const exact = createPartnerRows(pagesOf(2, 3).pages, 5);
    expect(await exact.atLeast(Infinity)).toHaveLength(5);
  });

  it('tells everyone who waits that reading failed', async () => {
    async function* broken(): AsyncGenerator<readonly PartnerResource[], void, undefined> {
      yield [{ id: '0' }];
      throw new Error('broken');
    }
    const rows = createPartnerRows(broken(), 1000);
    expect(await rows.atLeast(1)).toHaveLength(1);
    const outcomes = await Promise.allSettled([rows.atLeast(2), rows.atLeast(Infinity)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
