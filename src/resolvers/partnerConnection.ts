import type { PartnerResource } from '../graph/resource.ts';
import { cursorOf, type PartnerPlace } from '../mapping/cursor.ts';
import { partnerFromWire } from '../mapping/partner.ts';
import type { PartnerConnectionModel } from '../mapping/partnerModel.ts';
import type { PageArguments } from './pageArguments.ts';
import type { PartnerRows } from './partnerRows.ts';

/** Cuts the asked page out of the list, reading one row further than it to know whether there is more. */
export async function readPartnerConnection(
  rows: PartnerRows,
  { first, after }: PageArguments,
): Promise<PartnerConnectionModel> {
  const start = after === undefined ? 0 : await findStart(rows, after);
  const known = await rows.atLeast(start + first + 1);
  const edges = known.slice(start, start + first).map((row, offset) => ({
    cursor: cursorOf({ id: row.id, index: start + offset }),
    node: partnerFromWire(row),
  }));
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage: known.length > start + first,
      hasPreviousPage: start > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: async () => (await rows.all()).length,
  };
}

/** The row behind the cursor's, wherever that stands now; where it is gone, the place where it stood. */
async function findStart(rows: PartnerRows, after: PartnerPlace): Promise<number> {
  const isThere = (row: PartnerResource | undefined) => row?.id === after.id;
  const near = await rows.atLeast(after.index + 1);
  if (isThere(near[after.index])) {
    return after.index + 1;
  }
  const index = (await rows.all()).findIndex(isThere);
  return index === -1 ? after.index : index + 1;
}
