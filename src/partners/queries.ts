import type { QueryResolvers } from '../generated/resolvers.ts';
import { isPartnerId, partnerIdForm } from '../graph/types.ts';
import { forEachUnit } from '../shared/loopShare.ts';
import { authorize } from './authorize.ts';
import { GatewayError } from './errors.ts';
import { type PageArguments, readPageArguments } from './list/arguments.ts';
import { listSequence, orderedSequence, paginate } from './list/page.ts';
import type { PartnerRows } from './list/rows.ts';
import type { PartnerConnectionModel, PartnerEdgeModel } from './model.ts';
import { partnerFromWire } from './partnerMapping.ts';
import { readViewer } from './viewer.ts';

export const Query: QueryResolvers = {
  async complianceManagementPartner(_parent, { id }, context) {
    await authorize(context, 'READ');
    if (!isPartnerId(id)) {
      throw new GatewayError(
        'BAD_USER_INPUT',
        `The argument "id" cannot be a partner's id: an id is ${partnerIdForm}.`,
        { argumentName: 'id', field: ['id'] },
      );
    }
    const partner = await context.reads.get(id);
    return partner === null ? null : partnerFromWire(partner);
  },

  async complianceManagementPartners(_parent, args, context) {
    await authorize(context, 'READ');
    const page = readPageArguments(args);
    if ('problem' in page) {
      const { argumentName, problem } = page;
      throw new GatewayError('BAD_USER_INPUT', problem, { argumentName, field: [argumentName] });
    }
    return readPartnerConnection(context.reads.rows, page);
  },

  viewer: (_parent, _args, context) => readViewer(context),
};

/** Reads the page that was asked for, and leaves all that only some operations ask for until they do. */
export async function readPartnerConnection(
  rows: PartnerRows,
  page: PageArguments,
): Promise<PartnerConnectionModel> {
  const sequence = page.order ? orderedSequence(rows, page.order) : listSequence(rows);
  const { rows: found, hasNext, hasPrevious, count } = await paginate(sequence, page, rows.share);
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
