import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { QueryComplianceManagementPartnersArgs } from '../../../src/generated/graphql.ts';
import { printAnswer } from '../../../src/graphql/answer.ts';
import { shareUntilEnd } from '../../../src/graphql/context.ts';
import { slicesOf } from '../../../src/http/server.ts';
import { readPageArguments } from '../../../src/partners/list/arguments.ts';
import { cursorOf } from '../../../src/partners/list/cursor.ts';
import { createPartnerRows, readPartnerConnection } from '../../../src/partners/list/page.ts';
import { partnerFromWire } from '../../../src/partners/partnerMapping.ts';
import { wholeLoop } from '../../../src/shared/loopShare.ts';

const rowCount = 3000;
const asksPerTurn = 50;

/** Counts the work over rows, and how much of it was done in each turn of a share that is used up after some asks. */
function createCounter() {
  const work = { units: 0 };
  const perTurn: number[] = [];
  let asks = 0;
  const share = {
    isUsedUp: () => ++asks % asksPerTurn === 0,
    nextTurn: async () => {
      perTurn.push(work.units);
      work.units = 0;
    },
  };
  return { work, perTurn, share };
}

/** Reads rows that count how often their names, or their ids, are read. */
async function read(
  args: QueryComplianceManagementPartnersArgs,
  { work, share } = { work: { units: 0 }, share: wholeLoop },
  counted: 'displayName' | 'id' = 'displayName',
) {
  const rows = Array.from({ length: rowCount }, (_value, index) => {
    const id = `row-${index}`;
    const partnerState = index % 3 === 0 ? 'enabled' : 'unknown';
    const row = partnerFromWire({
      id,
      partnerState,
      displayName: `name ${(index * 7919) % rowCount}`,
    });
    const value = row[counted];
    const get = () => {
      work.units += 1;
      return value;
    };
    return Object.defineProperty(row, counted, { get });
  });
  const pages = async function* () {
    yield rows;
  };
  const page = readPageArguments(args);
  if ('problem' in page) {
    throw new Error(page.problem);
  }
  const bounds = { rows: 10_000, bytes: Infinity };
  const list = await readPartnerConnection(createPartnerRows(pages(), bounds, share), page);
  const { hasNextPage, hasPreviousPage, endCursor } = list.pageInfo;
  const ids = list.nodes.map(({ id }) => id);
  return [ids, await list.totalCount(), await hasNextPage(), await hasPreviousPage(), endCursor()];
}

const gone = cursorOf({ kind: 'list', place: { id: 'gone', index: 10, before: [1] } });
const contains: QueryComplianceManagementPartnersArgs = {
  filter: { displayName: { contains: '9' } },
};
const filteredAndOrdered: QueryComplianceManagementPartnersArgs = {
  filter: { not: { displayName: { startsWith: 'NAME 1' } } },
  orderBy: [
    { field: 'PARTNER_STATE', direction: 'ASC' },
    { field: 'DISPLAY_NAME', direction: 'DESC' },
  ],
  last: 500,
};

describe('work over rows', () => {
  // 32 rows are searched for an id between two asks.
  it.each([
    ['a filter', contains, 'displayName', asksPerTurn],
    ['a filter and an order, from the end', filteredAndOrdered, 'displayName', asksPerTurn],
    ['a cursor whose row is gone', { after: gone }, 'id', asksPerTurn * 33],
    ['one before which to read', { before: gone, last: 3 }, 'id', asksPerTurn * 33],
  ] as const)(
    'with %s is done in slices, with the same result',
    async (_what, args, counted, most) => {
      const counter = createCounter();
      expect(await read(args, counter, counted)).toEqual(await read(args));
      expect(counter.perTurn.length).toBeGreaterThanOrEqual(rowCount / asksPerTurn);
      expect(Math.max(...counter.perTurn)).toBeLessThanOrEqual(most);
    },
  );

  it('folds the name of a row once, for all conditions and all that is asked of the page', async () => {
    const work = { units: 0 };
    const conditions = Array.from({ length: 50 }, (_value, index) => ({
      displayName: { contains: `no such ${index}` },
    }));
    await read({ filter: { or: conditions } }, { work, share: wholeLoop });
    expect(work.units).toBeLessThan(2 * rowCount);
  });

  it('ends with the operation, between two slices', async () => {
    const work = { units: 0 };
    const ending = new AbortController();
    const share = {
      isUsedUp: () => work.units >= 100,
      nextTurn: async () => ending.abort('deadline'),
    };
    const reading = read(contains, { work, share: shareUntilEnd(share, ending.signal) });
    await expect(reading).rejects.toMatchObject({ extensions: { code: 'UPSTREAM_TIMEOUT' } });
    expect(work.units).toBe(100);
  });
});

describe('an answer', () => {
  const list = Array.from({ length: 5000 }, (_value, index) => ({
    id: index,
    name: '\u{1f600}'.repeat(index % 100),
    unset: undefined,
  }));
  const answer = { data: { list } };

  it('is printed in slices, as JSON prints it', async () => {
    const { share, perTurn } = createCounter();
    expect(await printAnswer(answer, share)).toBe(`${JSON.stringify(answer)}\n`);
    expect(perTurn.length).toBeGreaterThanOrEqual(5000 / asksPerTurn);
  });

  it.each(['', 'a'])('is written in slices of whole characters after "%s"', async (start) => {
    const text = start + JSON.stringify(answer);
    const slices = (await Readable.from(slicesOf(text)).toArray()).map(String);
    expect(slices.join('')).toBe(text);
    expect(slices.length).toBe(Math.ceil(text.length / 65_536));
    expect(Math.max(...slices.map(({ length }) => length))).toBeLessThanOrEqual(65_537);
  });
});
