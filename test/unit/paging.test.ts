import { expect, it } from '@jest/globals';
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

type Rows = readonly PartnerModel[];
type Selection = Pick<QueryComplianceManagementPartnersArgs, 'filter' | 'orderBy'>;
type Direction = 'forward' | 'backward';

function pageOf(args: QueryComplianceManagementPartnersArgs) {
  const page = readPageArguments(args);
  if ('problem' in page) {
    throw new Error(page.problem);
  }
  return page;
}

/** Cuts a page out of rows as the list does; they come in Graph's pages of three. */
async function readPageOf(rows: Rows, args: QueryComplianceManagementPartnersArgs) {
  async function* pages(): AsyncGenerator<Rows, void, undefined> {
    for (let start = 0; start < rows.length; start += 3) {
      yield rows.slice(start, start + 3);
    }
  }
  const partnerRows = createPartnerRows(pages(), { rows: 10_000, bytes: Infinity });
  return readPartnerConnection(partnerRows, pageOf(args));
}

/** What happens to the list between two pages: rows of positions go, or all rows of the last page, and others come. */
interface Change {
  readonly removed: readonly number[] | 'lastPage';
  readonly added: readonly { readonly position: number; readonly row: object }[];
}

/** Goes through a list to its end while it changes; gives the ids that were seen in the list's order, and those gone. */
async function walk(
  start: Rows,
  script: readonly Change[],
  selection: Selection,
  direction: Direction,
  size: number,
) {
  const removed = new Set<string>();
  const pages: (readonly string[])[] = [];
  const isForward = direction === 'forward';
  let [rows, cursor]: [Rows, string | null] = [start, null];
  for (let isMore = true; isMore; ) {
    const change = pages.length > 0 ? script[pages.length - 1] : undefined;
    const positions = change?.removed ?? [];
    const gone =
      positions === 'lastPage'
        ? (pages.at(-1) ?? [])
        : positions.flatMap((position) => rows[position]?.id ?? []);
    gone.forEach((id) => void removed.add(id));
    rows = rows.filter(({ id }) => !gone.includes(id));
    change?.added.forEach(({ position, row }, index) => {
      const id = `new-${pages.length}-${index}`;
      rows = rows.toSpliced(position, 0, partnerFromWire({ ...row, id }));
    });
    const part = isForward ? { first: size, after: cursor } : { last: size, before: cursor };
    const { edges, pageInfo } = await readPageOf(rows, { ...selection, ...part });
    const cursors = edges.map((edge) => edge.cursor());
    expect(cursors.filter((one) => !/^[\w-]{1,128}$/.test(one))).toEqual([]);
    pages.push(edges.map(({ node }) => node.id));
    cursor = cursors.at(isForward ? -1 : 0) ?? cursor;
    isMore = await (isForward ? pageInfo.hasNextPage() : pageInfo.hasPreviousPage());
    expect(pages.length).toBeLessThan(1000);
  }
  return { removed, seen: (isForward ? pages : pages.reverse()).flat() };
}

/** The ids of rows as a selection has them, found in another way than the pages are. */
function selected(rows: Rows, selection: Selection): string[] {
  const { isIncluded, order } = pageOf(selection);
  const found = rows.filter(isIncluded);
  const sorted = order
    ? found.toSorted((left, right) => order.compare(order.placeOf(left), order.placeOf(right)))
    : found;
  return sorted.map(({ id }) => id);
}

const lastHeartbeatDateTime = '2026-01-01T00:00:00.0000001Z';
/** Rows in which most values are shared or missing, so that the order depends on later keys and on the ids. */
const values = fc.record(
  {
    displayName: fc.constantFrom('a', 'A', 'ä', 'b', null),
    partnerState: fc.constantFrom('enabled', 'unknown', 'hibernating', null),
    lastHeartbeatDateTime: fc.constantFrom(
      '2026-01-01T00:00:00Z',
      '2026-01-01T01:00:00+01:00',
      lastHeartbeatDateTime,
      'yesterday',
    ),
  },
  { requiredKeys: [] },
);
const lists = fc
  .array(values, { maxLength: 40, size: 'max' })
  .map((rows) => rows.map((row, index) => partnerFromWire({ ...row, id: `row-${index}` })));

/** Names that a cursor cannot hold whole; in groups that begin alike, and beside one that is only the beginning. */
const longNames = fc
  .array(fc.constantFrom('a', 'B', 'ä', '\u{1f600}'), { minLength: 1, maxLength: 12 })
  .map((ends) => [...ends.map((end) => 'Müller '.repeat(12) + end.repeat(3)), 'Müller '])
  .map((names) =>
    names.map((displayName, index) => {
      const id = `${'i'.repeat(60)}-${index}`;
      return partnerFromWire({ id, displayName, partnerState: 'enabled', lastHeartbeatDateTime });
    }),
  );

const keys: fc.Arbitrary<ComplianceManagementPartnerOrder> = fc.record({
  field: fc.constantFrom('DISPLAY_NAME', 'PARTNER_STATE', 'LAST_HEARTBEAT_DATE_TIME'),
  direction: fc.constantFrom('ASC', 'DESC'),
});
const selections: fc.Arbitrary<Selection> = fc.record({
  orderBy: fc.uniqueArray(keys, { maxLength: 3, selector: ({ field }) => field }),
  filter: fc.constantFrom<ComplianceManagementPartnerFilter | null>(
    null,
    { partnerState: { notIn: ['ENABLED'] } },
    { displayName: { eq: 'A' } },
  ),
});
const directions = fc.constantFrom<Direction>('forward', 'backward');
const pageSizes = fc.integer({ min: 1, max: 6 });
const changes: fc.Arbitrary<readonly Change[]> = fc.array(
  fc.record({
    removed: fc.oneof(fc.array(fc.nat(60), { maxLength: 8 }), fc.constant<'lastPage'>('lastPage')),
    added: fc.array(fc.record({ position: fc.nat(60), row: values }), { maxLength: 3 }),
  }),
  { maxLength: 12, size: 'max' },
);

it('a walk through a changing list shows each row that stays once, in its place, and no other twice', async () => {
  await fc.assert(
    fc.asyncProperty(lists, changes, selections, directions, pageSizes, async (rows, ...way) => {
      const [script, selection, direction, size] = way;
      const { removed, seen } = await walk(rows, script, selection, direction, size);
      const staying = selected(rows, selection).filter((id) => !removed.has(id));
      expect(seen.filter((id) => staying.includes(id))).toEqual(staying);
      expect(new Set(seen).size).toBe(seen.length);
    }),
    { numRuns: 200 },
  );
});

it('a cursor of values too long for it leads on while its row is there, and leaves none out if not', async () => {
  const gone = changes.map((script) => script.map(({ removed }) => ({ removed, added: [] })));
  await fc.assert(
    fc.asyncProperty(longNames, gone, selections, directions, pageSizes, async (rows, ...way) => {
      const [script, { orderBy = null }, direction, size] = way;
      const expected = selected(rows, { orderBy });
      const whole = await walk(rows, [], { orderBy }, direction, size);
      expect(whole.seen).toEqual(expected);
      const { removed, seen } = await walk(rows, script, { orderBy }, direction, size);
      expect(expected.filter((id) => !removed.has(id) && !seen.includes(id))).toEqual([]);
    }),
  );
});

it('a walk leaves none out if more has gone than a cursor remembers', async () => {
  const rows = Array.from({ length: 450 }, (_value, index) =>
    partnerFromWire({ id: `row-${index}` }),
  );
  const ranges = fc.record({ from: fc.nat(400), count: fc.integer({ min: 90, max: 250 }) });
  const scripts = fc.array(
    ranges.map(({ from, count }) => ({
      removed: Array.from({ length: count }, (_value, index) => from + index),
      added: [],
    })),
    { minLength: 1, maxLength: 3 },
  );
  const sizes = fc.integer({ min: 20, max: 120 });
  await fc.assert(
    fc.asyncProperty(scripts, directions, sizes, async (script, direction, size) => {
      const { removed, seen } = await walk(rows, script, {}, direction, size);
      const staying = selected(rows, {}).filter((id) => !removed.has(id));
      expect(staying.filter((id) => !seen.includes(id))).toEqual([]);
    }),
  );
});
