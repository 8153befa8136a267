import type { PartnerResource } from '../graph/resource.ts';
import { type CursorPlace, cursorOf } from './cursor.ts';
import type { PartnerOrder } from './partnerOrder.ts';
import type { PartnerRows } from './partnerRows.ts';

/** The whole list in the order that was asked for, read only as far as somebody asks. */
export interface PartnerSequence {
  /** Gives the rows from the first on: at least `count` of them, or all where there are fewer. */
  atLeast(count: number): Promise<readonly PartnerResource[]>;
  /** How many rows stand at the cursor's place and before it. */
  countUpTo(cursor: CursorPlace): Promise<number>;
  /** How many rows stand before the cursor's place. */
  countBefore(cursor: CursorPlace): Promise<number>;
  cursorOf(row: PartnerResource, index: number): string;
}

const rememberedRows = 4;

/** Graph's own order. A cursor finds its row wherever that stands now; if it is gone, the nearest row before it. */
export function listSequence(rows: PartnerRows): PartnerSequence {
  let known: readonly PartnerResource[] = [];

  async function atLeast(count: number): Promise<readonly PartnerResource[]> {
    known = await rows.atLeast(count);
    return known;
  }

  /** The index of a row, tried first where it stood before. */
  async function find(id: string, formerIndex: number): Promise<number> {
    const near = await atLeast(formerIndex + 1);
    return near[formerIndex]?.id === id
      ? formerIndex
      : (await atLeast(Number.POSITIVE_INFINITY)).findIndex((row) => row.id === id);
  }

  async function countBefore(cursor: CursorPlace): Promise<number> {
    if (cursor.kind !== 'list') {
      return 0;
    }
    const { id, index, before } = cursor.place;
    const found = await find(id, index);
    if (found !== -1) {
      return found;
    }
    for (const [distance, neighbour] of before.entries()) {
      const place = await find(neighbour, index - distance - 1);
      if (place !== -1) {
        return place + 1;
      }
    }
    // Either it was at the very start, or so much is gone that its former position is the best that is known.
    return before.length < rememberedRows ? 0 : Math.min(index, known.length);
  }

  return {
    atLeast,
    countBefore,
    async countUpTo(cursor) {
      const count = await countBefore(cursor);
      const isThere = (await atLeast(count + 1))[count]?.id === cursor.place.id;
      return isThere ? count + 1 : count;
    },
    cursorOf: (row, index) =>
      cursorOf({
        kind: 'list',
        place: {
          id: row.id,
          index,
          before: known
            .slice(Math.max(0, index - rememberedRows), index)
            .map(({ id }) => id)
            .reverse(),
        },
      }),
  };
}

/** An order by keys. A cursor is a place among the keys, so it is good whether its row is there or not. */
export function orderedSequence(rows: PartnerRows, order: PartnerOrder): PartnerSequence {
  let sorting: ReturnType<typeof sort> | undefined;

  async function sort() {
    const placed = (await rows.all()).map((row) => ({ row, place: order.placeOf(row) }));
    placed.sort((left, right) => order.compare(left.place, right.place));
    return { places: placed.map(({ place }) => place), rows: placed.map(({ row }) => row) };
  }

  async function countWhile(isCounted: (comparison: number) => boolean, cursor: CursorPlace) {
    sorting ??= sort();
    const { places } = await sorting;
    if (cursor.kind !== 'order') {
      return 0;
    }
    const end = places.findIndex((place) => !isCounted(order.compare(place, cursor.place)));
    return end === -1 ? places.length : end;
  }

  return {
    async atLeast() {
      sorting ??= sort();
      return (await sorting).rows;
    },
    countUpTo: (cursor) => countWhile((comparison) => comparison <= 0, cursor),
    countBefore: (cursor) => countWhile((comparison) => comparison < 0, cursor),
    cursorOf: (row) =>
      cursorOf({ kind: 'order', signature: order.signature, place: order.placeOf(row) }),
  };
}
