import { bytesOfPage } from '../../graph/listPages.ts';
import type { PartnerResource } from '../../graph/types.ts';
import { type LoopShare, wholeLoop } from '../../shared/loopShare.ts';
import { createSortedRows, type SortedRows } from './sortedRows.ts';

/** The rows of the list, read from Graph only as far as needed. */
export interface PartnerRows extends SortedRows {
  /** The time of the event loop for work over the rows. */
  readonly share: LoopShare;
  /** Gives the rows from the first on: at least `count` of them, or all if there are fewer. */
  atLeast(count: number): Promise<readonly PartnerResource[]>;
}

/** The list is longer than this gateway may read. */
export class TooManyRowsError extends Error {
  readonly maximumRows: number;

  constructor(maximumRows: number) {
    super(`The list has more than ${maximumRows} rows`);
    this.maximumRows = maximumRows;
  }
}

/** The rows that were read take more memory than this gateway may use for a list. */
export class ListTooLargeError extends Error {
  readonly seen: number;
  readonly allowed: number;

  constructor(seen: number, allowed: number) {
    super(`The list has more than ${allowed} bytes`);
    this.seen = seen;
    this.allowed = allowed;
  }
}

/** How much of the list one operation may read. */
export interface ListBounds {
  readonly rows: number;
  readonly bytes: number;
}

/**
 * Keeps what was read, so that everything in one operation that looks at the list reads each page once.
 * @throws TooManyRowsError, later, if more than `maximum.rows` would have to be read, and ListTooLargeError for more bytes.
 */
export function createPartnerRows(
  pages: AsyncIterator<readonly PartnerResource[], void>,
  maximum: ListBounds,
  share: LoopShare = wholeLoop,
): PartnerRows {
  const rows: PartnerResource[] = [];
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
        throw new TooManyRowsError(maximum.rows);
      }
      bytes += page.value === undefined ? 0 : bytesOfPage(page.value);
      if (bytes > maximum.bytes) {
        throw new ListTooLargeError(bytes, maximum.bytes);
      }
    }
  }

  async function atLeast(count: number): Promise<readonly PartnerResource[]> {
    // One reader after the other: two at once would both take pages for the same rows.
    reading = reading.then(() => readUpTo(count));
    await reading;
    return rows;
  }

  const { inOrder } = createSortedRows(() => atLeast(Number.POSITIVE_INFINITY), share);
  return { atLeast, inOrder, share };
}
