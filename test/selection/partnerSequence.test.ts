import { describe, expect, it } from '@jest/globals';
import type { PartnerResource } from '../../src/graph/resource.ts';
import { type CursorPlace, parseCursor } from '../../src/selection/cursor.ts';
import { createPartnerRows } from '../../src/selection/partnerRows.ts';
import { listSequence, type PartnerSequence } from '../../src/selection/partnerSequence.ts';

const pageSize = 10;

/** Graph's own order over these rows, and how many pages of ten were read. */
function sequenceOf(rows: readonly PartnerResource[]): {
  readonly sequence: PartnerSequence;
  readonly pages: { count: number };
} {
  const pages = { count: 0 };
  async function* read(): AsyncGenerator<readonly PartnerResource[], void, undefined> {
    for (let start = 0; start < rows.length; start += pageSize) {
      pages.count += 1;
      yield rows.slice(start, start + pageSize);
    }
  }
  return { sequence: listSequence(createPartnerRows(read(), 10_000)), pages };
}

const numbered = (from: number, to: number): PartnerResource[] =>
  Array.from({ length: to - from }, (_value, index) => ({ id: `row-${from + index}` }));

/** The cursor of a row in a list of 250. */
async function cursorAt(index: number): Promise<CursorPlace> {
  const rows = numbered(0, 250);
  const { sequence } = sequenceOf(rows);
  await sequence.atLeast(rows.length);
  const place = parseCursor(sequence.cursorOf(rows[index] ?? { id: '' }, index));
  if (place === undefined) {
    throw new Error('the cursor cannot be read back');
  }
  return place;
}

/** What the first row behind the cursor is, and the last one before it. */
async function around(rows: readonly PartnerResource[], cursor: CursorPlace) {
  const { sequence } = sequenceOf(rows);
  const behind = rows[await sequence.countUpTo(cursor)]?.id;
  const ahead = rows[(await sequence.countBefore(cursor)) - 1]?.id;
  return { behind, ahead };
}

describe("a cursor in Graph's order", () => {
  it.each<[string, readonly PartnerResource[], { ahead?: string; behind?: string }]>([
    ['its row is still there', numbered(0, 250), { ahead: 'row-149', behind: 'row-151' }],
    [
      'rows before it are gone',
      [...numbered(0, 20), ...numbered(149, 250)],
      { ahead: 'row-149', behind: 'row-151' },
    ],
    [
      'rows came before it',
      [{ id: 'new' }, ...numbered(0, 250)],
      { ahead: 'row-149', behind: 'row-151' },
    ],
    [
      'its row is gone',
      [...numbered(0, 150), ...numbered(151, 250)],
      { ahead: 'row-149', behind: 'row-151' },
    ],
    [
      'its row and the five before it are gone',
      [...numbered(0, 145), ...numbered(151, 250)],
      { ahead: 'row-144', behind: 'row-151' },
    ],
    [
      'its row and seven before it are gone',
      [...numbered(0, 143), ...numbered(151, 250)],
      { ahead: 'row-142', behind: 'row-151' },
    ],
  ])('stays where it was where %s', async (_what, rows, expected) => {
    expect(await around(rows, await cursorAt(150))).toEqual(expected);
  });

  it('leaves nothing out in either direction where all that it remembers is gone', async () => {
    const rows = [...numbered(0, 142), ...numbered(151, 250)];
    expect(await around(rows, await cursorAt(150))).toEqual({ behind: 'row-0', ahead: 'row-249' });
  });

  it('is at the start where all before it is gone', async () => {
    const expected = { ahead: undefined, behind: 'row-9' };
    expect(await around(numbered(9, 250), await cursorAt(8))).toEqual(expected);
    expect(await around(numbered(9, 250), await cursorAt(3))).toEqual(expected);
  });

  it.each([
    ['stands where it was', numbered(0, 250)],
    ['moved a little towards the start', numbered(3, 250)],
  ])('reads no further than to its row where that %s', async (_what, rows) => {
    const { sequence, pages } = sequenceOf(rows);
    await sequence.countUpTo(await cursorAt(25));
    expect(pages.count).toBe(3);
  });
});
