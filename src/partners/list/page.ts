import type { PartnerResource } from '../../graph/types.ts';
import type { PartnerSequence } from '../../selection/partnerSequence.ts';
import type { LoopShare } from '../../shared/loopShare.ts';
import type { PageArguments } from './arguments.ts';

/** A row of a page and its position in the whole list. */
export interface PageRow {
  readonly row: PartnerResource;
  readonly index: number;
}

/** A page, and what can be asked about its surroundings; each question may read on. */
export interface PartnerPage {
  readonly rows: readonly PageRow[];
  hasNext(): Promise<boolean>;
  hasPrevious(): Promise<boolean>;
  /** How many rows of the whole list pass the filter. */
  count(): Promise<number>;
}

type Range = Pick<PageArguments, 'first' | 'last' | 'after' | 'before' | 'isIncluded'>;

/**
 * Cuts a page out of the list as the Relay specification has it: what stands between the cursors, of that the first,
 * of these the last. Reads as many rows as that takes, not one more, and judges each row once, whoever asks about it.
 */
export async function cutPage(
  sequence: PartnerSequence,
  { first, last, after, before, isIncluded }: Range,
  share: LoopShare,
): Promise<PartnerPage> {
  const start = after === undefined ? 0 : await sequence.countUpTo(after);
  const end = before === undefined ? Number.POSITIVE_INFINITY : await sequence.countBefore(before);
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
  await visit(start, end, first ?? Number.POSITIVE_INFINITY, (row) => head.push(row));
  const rows = last === undefined ? head : head.slice(-last);
  const behind = rows.length > 0 ? (rows.at(-1)?.index ?? 0) + 1 : Math.min(start, end);
  const ahead = rows[0]?.index ?? Math.min(start, end);
  return {
    rows,
    hasNext: async () => (await visit(behind, Number.POSITIVE_INFINITY, 1)) > 0,
    hasPrevious: async () => (await visit(0, ahead, 1)) > 0,
    count: () => visit(0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
  };
}
