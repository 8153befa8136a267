import type { PageArguments } from '../partners/list/arguments.ts';
import { cutPage } from '../partners/list/page.ts';
import type { PartnerRows } from '../partners/list/rows.ts';
import type { PartnerConnectionModel, PartnerEdgeModel } from '../partners/model.ts';
import { partnerFromWire } from '../partners/partnerMapping.ts';
import { listSequence, orderedSequence } from '../selection/partnerSequence.ts';
import { forEachUnit } from '../shared/loopShare.ts';

/** Reads the page that was asked for, and leaves all that only some operations ask for until they do. */
export async function readPartnerConnection(
  rows: PartnerRows,
  page: PageArguments,
): Promise<PartnerConnectionModel> {
  const sequence = page.order ? orderedSequence(rows, page.order) : listSequence(rows);
  const { rows: found, hasNext, hasPrevious, count } = await cutPage(sequence, page, rows.share);
  const edges: PartnerEdgeModel[] = [];
  await forEachUnit(rows.share, found.length, (place) => {
    const pageRow = found[place];
    if (pageRow !== undefined) {
      const { row, index } = pageRow;
      edges.push({ cursor: () => sequence.cursorOf(row, index), node: partnerFromWire(row) });
    }
  });
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage: hasNext,
      hasPreviousPage: hasPrevious,
      startCursor: () => edges[0]?.cursor() ?? null,
      endCursor: () => edges.at(-1)?.cursor() ?? null,
    },
    totalCount: count,
  };
}
