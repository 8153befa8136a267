import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type {
  ComplianceManagementPartnerFilter,
  ComplianceManagementPartnerOrder,
  QueryComplianceManagementPartnersArgs,
} from '../../src/generated/graphql.ts';
import { readPageArguments } from '../../src/partners/list/arguments.ts';
import { createPartnerRows, readPartnerConnection } from '../../src/partners/list/page.ts';
import type { PartnerModel } from '../../src/partners/model.ts';
import { partnerFromWire } from '../../src/partners/partnerMapping.ts';

function pageOf(args: QueryComplianceManagementPartnersArgs) {
  const page = readPageArguments(args);
  if ('problem' in page) {
    throw new Error(page.problem);
  }
  return page;
}

/** Cuts a page out of rows as the list does; they come in Graph's pages of three. */
async function readPageOf(
  rows: readonly PartnerModel[],
  args: QueryComplianceManagementPartnersArgs,
) {
  async function* pages(): AsyncGenerator<readonly PartnerModel[], void, undefined> {
    for (let start = 0; start < rows.length; start += 3) {
      yield rows.slice(start, start + 3);
    }
  }
  const page = pageOf(args);
  const partnerRows = createPartnerRows(pages(), { rows: 10_000, bytes: Infinity });
  const { nodes, edges, pageInfo } = await readPartnerConnection(partnerRows, page);
  return {
    ids: nodes.map(({ id }) => id),
    cursors: edges.map(({ cursor }) => cursor()),
    hasNextPage: await pageInfo.hasNextPage(),
    hasPreviousPage: await pageInfo.hasPreviousPage(),
  };
}

/** How to go through a list. */
interface Walk {
  readonly direction: 'forward' | 'backward';
  readonly selection: Pick<QueryComplianceManagementPartnersArgs, 'filter' | 'orderBy'>;
  readonly pageSize: number;
  /** The rows as they are now; called for each page with the ids of the one before. */
  readonly rowsAfter: (lastPage: readonly string[]) => readonly PartnerModel[];
}

/** Goes through a list to its end and gives the ids that were seen, in the list's order. */
async function walk(way: Walk): Promise<readonly string[]> {
  const { direction, selection, pageSize, rowsAfter } = way;
  const pages: (readonly string[])[] = [];
  let cursor: string | null = null;
  for (let isMore = true; isMore; ) {
    const isForward = direction === 'forward';
    const part: QueryComplianceManagementPartnersArgs = isForward
      ? { first: pageSize, after: cursor }
      : { last: pageSize, before: cursor };
    const page = await readPageOf(rowsAfter(pages.at(-1) ?? []), { ...selection, ...part });
    pages.push(page.ids);
    cursor = page.cursors.at(isForward ? -1 : 0) ?? cursor;
    isMore = isForward ? page.hasNextPage : page.hasPreviousPage;
    if (pages.length > 1000) {
      throw new Error('the walk comes to no end');
    }
  }
  return (direction === 'forward' ? pages : pages.reverse()).flat();
}

/** Rows in which most values are shared or missing, so that the order depends on later keys and on the ids. */
const values = fc.record(
  {
    displayName: fc.constantFrom('a', 'A', 'ä', 'b', null),
    partnerState: fc.constantFrom('enabled', 'unknown', 'hibernating', null),
    lastHeartbeatDateTime: fc.constantFrom(
      '2026-01-01T00:00:00Z',
      '2026-01-01T01:00:00+01:00',
      '2026-01-01T00:00:00.0000001Z',
      'yesterday',
    ),
  },
  { requiredKeys: [] },
);
const lists = (maxLength: number): fc.Arbitrary<readonly PartnerModel[]> =>
  fc
    .array(values, { maxLength, size: 'max' })
    .map((rows) => rows.map((row, index) => partnerFromWire({ ...row, id: `row-${index}` })));

const keys: fc.Arbitrary<ComplianceManagementPartnerOrder> = fc.record({
  field: fc.constantFrom('DISPLAY_NAME', 'PARTNER_STATE', 'LAST_HEARTBEAT_DATE_TIME'),
  direction: fc.constantFrom('ASC', 'DESC'),
});
const orders = fc.oneof(
  fc.constant<ComplianceManagementPartnerOrder[]>([]),
  fc.uniqueArray(keys, { minLength: 1, maxLength: 3, selector: ({ field }) => field }),
);
const filters = fc.constantFrom<ComplianceManagementPartnerFilter | null>(
  null,
  { partnerState: { notIn: ['ENABLED'] } },
  { displayName: { eq: 'A' } },
);
const selections: fc.Arbitrary<Walk['selection']> = fc.record({ orderBy: orders, filter: filters });
const directions = fc.constantFrom<Walk['direction']>('forward', 'backward');
const pageSizes = fc.integer({ min: 1, max: 6 });

/** What happens to the list between two pages. */
interface Change {
  /** Positions of rows, or all rows of the page that was read last. */
  readonly removed: readonly number[] | 'lastPage';
  readonly added: readonly { readonly position: number; readonly row: object }[];
}

const changes: fc.Arbitrary<readonly Change[]> = fc.array(
  fc.record({
    removed: fc.oneof(fc.array(fc.nat(60), { maxLength: 8 }), fc.constant<'lastPage'>('lastPage')),
    added: fc.array(fc.record({ position: fc.nat(60), row: values }), { maxLength: 3 }),
  }),
  { maxLength: 12, size: 'max' },
);

/** A list that changes between pages, and what became of its rows. */
function changingList(start: readonly PartnerModel[], script: readonly Change[]) {
  const left = [...script];
  const removed = new Set<string>();
  let rows = start;
  let lastId = 0;
  const isFirstRead = { current: true };
  return {
    removed,
    rowsAfter(lastPage: readonly string[]): readonly PartnerModel[] {
      const change = isFirstRead.current ? undefined : left.shift();
      isFirstRead.current = false;
      const gone = change?.removed === 'lastPage' ? lastPage : idsAt(rows, change?.removed ?? []);
      for (const id of gone) {
        removed.add(id);
      }
      rows = rows.filter(({ id }) => !gone.includes(id));
      for (const { position, row } of change?.added ?? []) {
        lastId += 1;
        rows = rows.toSpliced(position, 0, partnerFromWire({ ...row, id: `new-${lastId}` }));
      }
      return rows;
    },
  };
}

const idsAt = (rows: readonly PartnerModel[], positions: readonly number[]): string[] =>
  positions.flatMap((position) => rows[position]?.id ?? []);

/** The ids of rows as a selection has them, found in another way than the pages are. */
function selected(rows: readonly PartnerModel[], selection: Walk['selection']): string[] {
  const { isIncluded, order } = pageOf(selection);
  const found = rows.filter(isIncluded);
  const sorted = order
    ? found.toSorted((left, right) => order.compare(order.placeOf(left), order.placeOf(right)))
    : found;
  return sorted.map(({ id }) => id);
}

describe('a walk through a list that changes between its pages', () => {
  it('shows each row that stays once, in its place, and no other row twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        lists(40),
        changes,
        selections,
        directions,
        pageSizes,
        async (rows, script, selection, direction, pageSize) => {
          const { removed, rowsAfter } = changingList(rows, script);
          const seen = await walk({ direction, selection, pageSize, rowsAfter });
          const staying = selected(rows, selection).filter((id) => !removed.has(id));
          expect(seen.filter((id) => staying.includes(id))).toEqual(staying);
          expect(new Set(seen).size).toBe(seen.length);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('leaves none out where more has gone than a cursor remembers', async () => {
    const ranges = fc.record({ from: fc.nat(400), count: fc.integer({ min: 90, max: 250 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(ranges, { minLength: 1, maxLength: 3 }),
        directions,
        fc.integer({ min: 20, max: 120 }),
        async (gone, direction, pageSize) => {
          const rows = Array.from({ length: 450 }, (_value, index) =>
            partnerFromWire({ id: `row-${index}` }),
          );
          const script = gone.map(({ from, count }) => ({
            removed: Array.from({ length: count }, (_value, index) => from + index),
            added: [],
          }));
          const { removed, rowsAfter } = changingList(rows, script);
          const seen = await walk({ direction, selection: {}, pageSize, rowsAfter });
          const staying = rows.filter(({ id }) => !removed.has(id)).map(({ id }) => id);
          expect(staying.filter((id) => !seen.includes(id))).toEqual([]);
        },
      ),
    );
  });
});

describe('a cursor', () => {
  /** Names that a cursor cannot hold whole; in groups that begin alike, and beside one that is only the beginning. */
  const longNames = fc
    .array(fc.constantFrom('a', 'B', 'ä', '\u{1f600}'), { minLength: 1, maxLength: 12 })
    .map((ends) => [...ends.map((end) => 'Müller '.repeat(12) + end.repeat(3)), 'Müller '])
    .map((names) =>
      names.map((displayName, index) =>
        partnerFromWire({
          id: `${'i'.repeat(60)}-${index}`,
          displayName,
          partnerState: 'enabled',
          lastHeartbeatDateTime: '2026-01-01T00:00:00.0000001Z',
        }),
      ),
    );

  it('has at most 128 plain characters and is good while its row is there, however long its values are', async () => {
    await fc.assert(
      fc.asyncProperty(longNames, orders, pageSizes, async (rows, orderBy, pageSize) => {
        const expected = selected(rows, { orderBy });
        for (const direction of ['forward', 'backward'] as const) {
          const selection = { orderBy };
          const seen = await walk({ direction, selection, pageSize, rowsAfter: () => rows });
          expect(seen).toEqual(expected);
        }
        const { cursors } = await readPageOf(rows, { orderBy, first: 1000 });
        expect(cursors.filter((cursor) => !/^[\w-]{1,128}$/.test(cursor))).toEqual([]);
        expect(new Set(cursors).size).toBe(rows.length);
      }),
    );
  });

  it('leaves no row out when its own row has gone and its values were cut', async () => {
    await fc.assert(
      fc.asyncProperty(longNames, orders, fc.nat(12), async (rows, orderBy, place) => {
        const { ids, cursors } = await readPageOf(rows, { orderBy, first: 1000 });
        const [gone, cursor] = [ids[place], cursors[place]];
        fc.pre(gone !== undefined && cursor !== undefined && orderBy.length > 0);
        const left = rows.filter(({ id }) => id !== gone);
        const after = await readPageOf(left, { orderBy, first: 1000, after: cursor });
        const before = await readPageOf(left, { orderBy, last: 1000, before: cursor });
        expect(after.ids).toEqual(expect.arrayContaining(ids.slice(place + 1)));
        expect(before.ids).toEqual(expect.arrayContaining(ids.slice(0, place)));
      }),
    );
  });
});
