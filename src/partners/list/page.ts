import { bytesOfPage } from '../../graph/pages.ts';
import { forEachUnit, type LoopShare, wholeLoop } from '../../shared/loopShare.ts';
import { GatewayError } from '../errors.ts';
import type { PartnerModel } from '../model.ts';
import type { PageArguments } from './arguments.ts';
import { type CursorPlace, cursorOf, cutDigestOf, fingerprintOf } from './cursor.ts';
import { createSorting, idKeyOf, type OrderPlace, type PartnerOrder } from './order.ts';

interface PageRow {
  readonly row: PartnerModel;
  readonly index: number;
}

const all = Number.POSITIVE_INFINITY;

/**
 * Cuts a page out of the list as the Relay specification has it: what stands between the cursors, of that the first,
 * of these the last. Reads as many rows as that takes, not one more, and judges each row once. What only some operations
 * ask for may read on, and is left until they do.
 */
export async function readPartnerConnection(
  partnerRows: PartnerRows,
  { first, last, after, before, isIncluded, order }: PageArguments,
) {
  const { share } = partnerRows;
  const sequence = order ? orderedSequence(partnerRows, order) : listSequence(partnerRows);
  const start = after === undefined ? 0 : await sequence.count(after, true);
  const end = before === undefined ? all : await sequence.count(before, false);
  const verdicts: (boolean | undefined)[] = [];

  /** Visits the rows from `from` up to `to` that pass the filter, until there are `wanted` of them; counts them. */
  async function visit(
    from: number,
    to: number,
    wanted: number,
    found: (row: PageRow) => void = () => undefined,
  ): Promise<number> {
    let count = 0;
    // Without a limit everything is needed anyway; with one, at least as many rows as are wanted.
    let rows = await sequence.atLeast(Math.min(to, from + wanted));
    for (let index = from; index < to && count < wanted; index += 1) {
      if (index >= rows.length) {
        rows = await sequence.atLeast(index + 1);
      }
      if (share.isUsedUp()) {
        await share.nextTurn();
      }
      const row = rows[index];
      if (row === undefined) {
        break;
      }
      const verdict = verdicts[index] ?? isIncluded(row);
      verdicts[index] = verdict;
      if (verdict) {
        found({ row, index });
        count += 1;
      }
    }
    return count;
  }

  const head: PageRow[] = [];
  // The last 0 of all need no row: that page is empty, and stands at the end.
  const wanted = last === 0 && first === undefined ? 0 : (first ?? all);
  await visit(start, end, wanted, (row) => head.push(row));
  const rows = last === undefined ? head : head.slice(Math.max(0, head.length - last));
  const emptyAt = last === 0 && first === undefined ? end : Math.min(start, end);
  const behind = head.length > 0 ? (head.at(-1)?.index ?? 0) + 1 : emptyAt;
  const ahead = rows[0]?.index ?? behind;
  const edges = rows.map(({ row, index }) => ({
    cursor: () => sequence.cursorOf(row, index),
    node: row,
  }));
  return {
    edges,
    nodes: rows.map(({ row }) => row),
    pageInfo: {
      hasNextPage: async () => (await visit(behind, all, 1)) > 0,
      hasPreviousPage: async () => (await visit(0, ahead, 1)) > 0,
      startCursor: () => edges[0]?.cursor() ?? null,
      endCursor: () => edges.at(-1)?.cursor() ?? null,
    },
    totalCount: () => visit(0, all, all),
  };
}

/** The schema's `ComplianceManagementPartnerConnection`; what costs something, further calls above all, is a function. */
export type PartnerConnectionModel = Awaited<ReturnType<typeof readPartnerConnection>>;

/** The whole list in the requested order, read only as far as needed. */
interface PartnerSequence extends Pick<PartnerRows, 'atLeast'> {
  /** How many rows stand before the cursor's place; with `isIncluded` the row at it counts, too. */
  count(cursor: CursorPlace, isIncluded: boolean): Promise<number>;
  cursorOf(row: PartnerModel, index: number): string;
}

/** A cursor of another kind than the list's order was rejected with the arguments. */
type PlaceOf<Kind> = Extract<CursorPlace, { readonly kind: Kind }>['place'];

/** How many rows before its own a cursor remembers. */
const rememberedRows = 8;

/**
 * Graph's own order. A cursor finds its row wherever that stands now; if it is gone, the nearest row before it that is
 * not. Where all that it remembers is gone, the list starts again, at the end where it was begun: nothing is left out.
 */
function listSequence(rows: PartnerRows): PartnerSequence {
  let known: readonly PartnerModel[] = [];
  /** Of the first of the known rows, as many as were needed. */
  const fingerprints: number[] = [];

  async function atLeast(count: number): Promise<readonly PartnerModel[]> {
    known = await rows.atLeast(count);
    return known;
  }

  function fingerprintsUpTo(count: number): readonly number[] {
    const end = Math.min(count, known.length);
    for (let index = fingerprints.length; index < end; index += 1) {
      fingerprints.push(fingerprintOf(idKeyOf(known[index] as PartnerModel)));
    }
    return fingerprints;
  }

  async function count(cursor: CursorPlace, isIncluded: boolean): Promise<number> {
    const { id, index, before } = cursor.place as PlaceOf<'list'>;
    let found = await indexOfRow(await atLeast(index + 1), id, rows.share);
    if (found === -1) {
      const searched = known.length;
      found = await indexOfRow(await atLeast(all), id, rows.share, searched);
    }
    if (found !== -1) {
      return isIncluded ? found + 1 : found;
    }
    const places = new Map<number | undefined, number>();
    await forEachUnit(rows.share, known.length, (place) => {
      places.set(fingerprintsUpTo(place + 1)[place], place);
    });
    const neighbour = before.find((fingerprint) => places.has(fingerprint));
    if (neighbour !== undefined) {
      return (places.get(neighbour) ?? 0) + 1;
    }
    const isStartRemembered = before.length === index;
    return isStartRemembered || isIncluded ? 0 : known.length;
  }

  return {
    atLeast,
    count,
    cursorOf: (row, index) =>
      cursorOf({
        kind: 'list',
        place: {
          id: idKeyOf(row),
          index,
          before: fingerprintsUpTo(index)
            .slice(Math.max(0, index - rememberedRows), index)
            .reverse(),
        },
      }),
  };
}

/**
 * An order by keys. A cursor is a place among the keys, so it is good whether its row is there or not. If a value was cut
 * in it, its row tells the place; if the row is gone, rows whose values begin alike may come again, and none is left out.
 */
function orderedSequence(rows: PartnerRows, order: PartnerOrder): PartnerSequence {
  const sorted = (): Promise<readonly PartnerModel[]> => rows.inOrder(order);

  async function count(cursor: CursorPlace, isIncluded: boolean): Promise<number> {
    const place = cursor.place as PlaceOf<'order'>;
    const inOrder = await sorted();
    if (place.values.some((value) => value !== null && typeof value !== 'string')) {
      const index = await indexOfRow(inOrder, place.id, rows.share);
      const row = inOrder[index];
      if (row !== undefined && isPlaceOf(order.placeOf(row), place)) {
        return isIncluded ? index + 1 : index;
      }
    }
    const edge = isIncluded ? 'first' : 'last';
    let [from, to] = [0, inOrder.length];
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      const row = inOrder[middle] as PartnerModel;
      const comparison = order.compare(order.placeOf(row), place, edge);
      if (comparison < 0 || (isIncluded && comparison === 0)) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    return from;
  }

  return {
    atLeast: sorted,
    count,
    cursorOf: (row) =>
      cursorOf({ kind: 'order', signature: order.signature, place: order.placeOf(row) }),
  };
}

/** Whether a row's values are those of a place that a cursor carried. */
function isPlaceOf({ values }: OrderPlace, place: OrderPlace): boolean {
  return values.every((value, index) => {
    const carried = place.values[index] ?? null;
    return carried === null || typeof carried === 'string' || typeof value !== 'string'
      ? value === carried
      : value.startsWith(carried.start) && cutDigestOf(value) === carried.digest;
  });
}

/** Finds a row by the key of its id; -1 if it is not there. */
async function indexOfRow(
  list: readonly PartnerModel[],
  id: string,
  share: LoopShare,
  start = 0,
): Promise<number> {
  for (let index = start; index < list.length; index += 1) {
    if (share.isUsedUp()) {
      await share.nextTurn();
    }
    if (idKeyOf(list[index] as PartnerModel) === id) {
      return index;
    }
  }
  return -1;
}

/** The rows of the list, read from Graph only as far as needed. */
export interface PartnerRows {
  /** The time of the event loop for work over the rows. */
  readonly share: LoopShare;
  /** Gives the rows from the first on: at least `count` of them, or all if there are fewer. */
  atLeast(count: number): Promise<readonly PartnerModel[]>;
  /** Gives all rows in an order. */
  inOrder(order: PartnerOrder): Promise<readonly PartnerModel[]>;
}

/**
 * Keeps what was read, so that everything in one operation that looks at the list reads each page once.
 * @throws GatewayError, later, if more rows or bytes would have to be read.
 */
export function createPartnerRows(
  pages: AsyncIterator<readonly PartnerModel[], void>,
  maximum: { readonly rows: number; readonly bytes: number },
  share: LoopShare = wholeLoop,
): PartnerRows {
  const rows: PartnerModel[] = [];
  let reading: Promise<void> = Promise.resolve();
  let isComplete = false;
  let bytes = 0;

  async function readUpTo(count: number): Promise<void> {
    while (!isComplete && rows.length < count) {
      const page = await pages.next();
      isComplete = page.done === true;
      for (const row of page.value ?? []) {
        rows.push(row);
      }
      if (rows.length > maximum.rows) {
        throw new GatewayError(
          'TOO_MANY_ROWS',
          `This needs more of the list than the ${maximum.rows} rows that this gateway reads at the most. ` +
            'Ask for a page near the start without a filter, an order and a count, or have LIST_ROW_LIMIT raised.',
        );
      }
      bytes += page.value === undefined ? 0 : bytesOfPage(page.value);
      if (bytes > maximum.bytes) {
        throw new GatewayError(
          'LIST_TOO_LARGE',
          `This needs ${bytes} bytes or more of the list, and ${maximum.bytes} are allowed. ` +
            'Ask for a page near the start without a filter, an order and a count, or have LIST_BYTE_LIMIT raised.',
          { seen: bytes, allowed: maximum.bytes },
        );
      }
    }
  }

  async function atLeast(count: number): Promise<readonly PartnerModel[]> {
    // One reader after the other: two at once would both take pages for the same rows.
    reading = reading.then(() => readUpTo(count));
    await reading;
    return rows;
  }

  const inOrder = createSorting(() => atLeast(Number.POSITIVE_INFINITY), share);
  return { atLeast, inOrder, share };
}
