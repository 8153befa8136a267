import { bytesOfPage } from '../../graph/client.ts';
import { forEachUnit, type LoopShare, sortInSlices, wholeLoop } from '../../shared/loopShare.ts';
import { GatewayError } from '../errors.ts';
import type { PartnerModel } from '../model.ts';
import { idColumn, type OrderColumn, type PartnerOrder } from './order.ts';

/** The rows of the list, read from Graph only as far as needed. */
export interface PartnerRows {
  /** The time of the event loop for work over the rows. */
  readonly share: LoopShare;
  /** Gives the rows from the first on: at least `count` of them, or all if there are fewer. */
  atLeast(count: number): Promise<readonly PartnerModel[]>;
  /** Gives all rows in an order. */
  inOrder(order: PartnerOrder): Promise<readonly PartnerModel[]>;
}

/** How much of the list one operation may read. */
export interface ListBounds {
  readonly rows: number;
  readonly bytes: number;
}

/**
 * Keeps what was read, so that everything in one operation that looks at the list reads each page once.
 * @throws GatewayError, later, if more rows or bytes would have to be read.
 */
export function createPartnerRows(
  pages: AsyncIterator<readonly PartnerModel[], void>,
  maximum: ListBounds,
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

/** Of rows without a value, which come last in both directions. */
const lastRank = 0x7fff_ffff;

/**
 * Sorts rows, each order once. Texts are compared once per column to give each row a rank in it, and all orders then
 * compare ranks: ten orders by name cost little more than one.
 */
function createSorting(
  readAll: () => Promise<readonly PartnerModel[]>,
  share: LoopShare,
): PartnerRows['inOrder'] {
  const ranks = new Map<OrderColumn, Promise<Int32Array>>();
  const orders = new Map<string, Promise<readonly PartnerModel[]>>();

  async function rank(column: OrderColumn): Promise<Int32Array> {
    const rows = await readAll();
    const ranked = new Int32Array(rows.length).fill(lastRank);
    const found: { readonly index: number; readonly value: string }[] = [];
    await forEachUnit(share, rows.length, (index) => {
      const value = column.valueOf(rows[index] as PartnerModel);
      if (value !== null) {
        found.push({ index, value });
      }
    });
    const compare = column.compare;
    const sorted = await sortInSlices(
      found,
      (left, right) => compare(left.value, right.value),
      share,
    );
    let current = 0;
    await forEachUnit(share, sorted.length, (place) => {
      const [entry, before] = [sorted[place], sorted[place - 1]];
      if (entry !== undefined) {
        current += before !== undefined && compare(before.value, entry.value) !== 0 ? 1 : 0;
        ranked[entry.index] = current;
      }
    });
    return ranked;
  }

  async function sort({ keys }: PartnerOrder): Promise<readonly PartnerModel[]> {
    const rows = await readAll();
    const compared: { readonly ranks: Int32Array; readonly direction: 1 | -1 }[] = [];
    for (const { column, direction } of [...keys, { column: idColumn, direction: 1 } as const]) {
      compared.push({ ranks: await once(ranks, column, () => rank(column)), direction });
    }
    const compare = (left: number, right: number): number => {
      for (const { ranks, direction } of compared) {
        const [one = lastRank, other = lastRank] = [ranks[left], ranks[right]];
        if (one !== other) {
          return one === lastRank || other === lastRank ? one - other : direction * (one - other);
        }
      }
      return 0;
    };
    const places = await sortInSlices([...rows.keys()], compare, share);
    return places.map((place) => rows[place] as PartnerModel);
  }

  return (order) => once(orders, order.signature, () => sort(order));
}

function once<Key, Result>(
  kept: Map<Key, Promise<Result>>,
  key: Key,
  make: () => Promise<Result>,
): Promise<Result> {
  const made = kept.get(key) ?? make();
  kept.set(key, made);
  return made;
}
