import type { QueryComplianceManagementPartnersArgs } from '../../src/generated/graphql.ts';
import type { PartnerResource } from '../../src/graph/resource.ts';
import { readPartnerConnection } from '../../src/resolvers/partnerConnection.ts';
import { readPageArguments } from '../../src/selection/pageArguments.ts';
import { createPartnerRows } from '../../src/selection/partnerRows.ts';

/** What a client sees of a page. */
export interface SeenPage {
  readonly ids: readonly string[];
  readonly cursors: readonly string[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly totalCount: number;
}

/** Cuts a page out of rows as the list does; they come in Graph's pages of three. */
export async function readPageOf(
  rows: readonly PartnerResource[],
  args: QueryComplianceManagementPartnersArgs,
): Promise<SeenPage> {
  async function* pages(): AsyncGenerator<readonly PartnerResource[], void, undefined> {
    for (let start = 0; start < rows.length; start += 3) {
      yield rows.slice(start, start + 3);
    }
  }
  const page = readPageArguments(args);
  if ('problem' in page) {
    throw new Error(page.problem);
  }
  const connection = await readPartnerConnection(createPartnerRows(pages(), 10_000), page);
  return {
    ids: connection.nodes.map(({ id }) => id),
    cursors: connection.edges.map(({ cursor }) => cursor()),
    hasNextPage: await connection.pageInfo.hasNextPage(),
    hasPreviousPage: await connection.pageInfo.hasPreviousPage(),
    totalCount: await connection.totalCount(),
  };
}

/** How to go through a list. */
export interface Walk {
  readonly direction: 'forward' | 'backward';
  readonly selection: Pick<QueryComplianceManagementPartnersArgs, 'filter' | 'orderBy'>;
  readonly pageSize: number;
  /** The rows as they are now; called for each page with the ids of the one before. */
  readonly rowsAfter: (lastPage: readonly string[]) => readonly PartnerResource[];
}

/** Goes through a list to its end and gives the ids that were seen, in the list's order. */
export async function walk({
  direction,
  selection,
  pageSize,
  rowsAfter,
}: Walk): Promise<readonly string[]> {
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
