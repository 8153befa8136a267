import { describe, expect, it } from '@jest/globals';
import type { QueryComplianceManagementPartnersArgs } from '../../../src/generated/graphql.ts';
import { printAnswer } from '../../../src/graphql/answer.ts';
import { shareUntilEnd } from '../../../src/graphql/context.ts';
import { slicesOf } from '../../../src/http/server.ts';
import { readPageArguments } from '../../../src/partners/list/arguments.ts';
import { cursorOf } from '../../../src/partners/list/cursor.ts';
import { createPartnerRows, readPartnerConnection } from '../../../src/partners/list/page.ts';
import type { PartnerModel } from '../../../src/partners/model.ts';
import { partnerFromWire } from '../../../src/partners/partnerMapping.ts';
import { wholeLoop } from '../../../src/shared/loopShare.ts';

const rowCount = 3000;
const asksPerTurn = 50;

/** Rows that count how often their names are read, which is the work over them. */
function countingRows(work: { units: number }): readonly PartnerModel[] {
  return Array.from({ length: rowCount }, (_value, index) => ({
    ...partnerFromWire({
      id: `row-${index}`,
      partnerState: index % 3 === 0 ? 'enabled' : 'unknown',
    }),
    get displayName() {
      work.units += 1;
      return `name ${(index * 7919) % rowCount}`;
    },
  }));
}

/** A share that is used up after so many asks, and notes how much was done in each turn. */
function countingShare(work: { units: number }) {
  const perTurn: number[] = [];
  let asks = 0;
  return {
    perTurn,
    share: {
      isUsedUp: () => ++asks % asksPerTurn === 0,
      nextTurn: async () => {
        perTurn.push(work.units);
        work.units = 0;
      },
    },
  };
}

async function read(
  rows: readonly PartnerModel[],
  args: QueryComplianceManagementPartnersArgs,
  share = wholeLoop,
) {
  async function* pages(): AsyncGenerator<readonly PartnerModel[], void, undefined> {
    yield rows;
  }
  const page = readPageArguments(args);
  if ('problem' in page) {
    throw new Error(page.problem);
  }
  const connection = await readPartnerConnection(
    createPartnerRows(pages(), { rows: 10_000, bytes: Infinity }, share),
    page,
  );
  return {
    ids: connection.nodes.map(({ id }) => id),
    totalCount: await connection.totalCount(),
    hasNextPage: await connection.pageInfo.hasNextPage(),
    hasPreviousPage: await connection.pageInfo.hasPreviousPage(),
    endCursor: connection.pageInfo.endCursor(),
  };
}

const cases: readonly (readonly [string, QueryComplianceManagementPartnersArgs])[] = [
  ['a filter', { filter: { displayName: { contains: '9' } } }],
  ['an order', { orderBy: [{ field: 'DISPLAY_NAME', direction: 'DESC' }] }],
  [
    'both, from the end',
    {
      filter: { not: { displayName: { startsWith: 'NAME 1' } } },
      orderBy: [
        { field: 'PARTNER_STATE', direction: 'ASC' },
        { field: 'DISPLAY_NAME', direction: 'ASC' },
      ],
      last: 500,
    },
  ],
];

describe('work over rows', () => {
  it.each(cases)('with %s is done in slices, with the same result', async (_what, args) => {
    const work = { units: 0 };
    const rows = countingRows(work);
    const { share, perTurn } = countingShare(work);
    const sliced = await read(rows, args, share);
    expect(sliced).toEqual(await read(rows, args));
    expect(perTurn.length).toBeGreaterThan(rowCount / asksPerTurn);
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(asksPerTurn);
  });

  it('for a cursor whose row is gone is done in slices', async () => {
    const work = { units: 0 };
    const rowsWithIds = () =>
      countingRows({ units: 0 }).map((row) => ({
        ...row,
        get id() {
          work.units += 1;
          return row.id;
        },
      }));
    const cursor = (before: readonly number[]): string =>
      cursorOf({ kind: 'list', place: { id: 'gone', index: 10, before } });
    for (const args of [{ after: cursor([1]) }, { before: cursor([1]), last: 3 }]) {
      const { share, perTurn } = countingShare(work);
      work.units = 0;
      const { ids } = await read(rowsWithIds(), args, share);
      expect(ids).toEqual((await read(countingRows({ units: 0 }), args)).ids);
      expect(perTurn.length).toBeGreaterThanOrEqual(rowCount / asksPerTurn);
      // 32 rows are searched between two asks.
      expect(Math.max(...perTurn)).toBeLessThanOrEqual(asksPerTurn * 33);
    }
  });

  it('folds the name of a row once, for all conditions and all that is asked of the page', async () => {
    const work = { units: 0 };
    const rows = countingRows(work);
    const conditions = Array.from({ length: 50 }, (_value, index) => ({
      displayName: { contains: `no such ${index}` },
    }));
    await read(rows, { filter: { or: conditions } });
    expect(work.units).toBeLessThan(2 * rowCount);
  });

  it('ends with the operation, between two slices', async () => {
    const work = { units: 0 };
    const rows = countingRows(work);
    const ending = new AbortController();
    const share = shareUntilEnd(
      {
        isUsedUp: () => work.units >= 100,
        nextTurn: async () => ending.abort('deadline'),
      },
      ending.signal,
    );
    await expect(read(rows, cases[0]?.[1] ?? {}, share)).rejects.toMatchObject({
      extensions: { code: 'UPSTREAM_TIMEOUT' },
    });
    expect(work.units).toBe(100);
  });
});

describe('an answer', () => {
  const answer = {
    data: {
      list: Array.from({ length: 5000 }, (_value, index) => ({
        id: index,
        name: '\u{1f600}'.repeat(index % 100),
        unset: undefined,
      })),
    },
  };

  it('is printed in slices, as JSON prints it', async () => {
    const work = { units: 0 };
    const { share, perTurn } = countingShare(work);
    expect(await printAnswer(answer, share)).toBe(`${JSON.stringify(answer)}\n`);
    expect(perTurn.length).toBeGreaterThanOrEqual(5000 / asksPerTurn);
  });

  it('is written in slices of at most 65,537 characters, whole characters each', async () => {
    for (const start of ['', 'a']) {
      const text = start + JSON.stringify(answer);
      const slices: string[] = [];
      for await (const slice of slicesOf(text)) {
        slices.push(slice.toString());
      }
      expect(slices.join('')).toBe(text);
      expect(slices.length).toBe(Math.ceil(text.length / 65_536));
      expect(Math.max(...slices.map(({ length }) => length))).toBeLessThanOrEqual(65_537);
    }
  });
});
