import type { QueryResolvers } from '../generated/resolvers.ts';
import { isPartnerId, partnerIdForm } from '../graph/types.ts';
import { forEachUnit } from '../shared/loopShare.ts';
import { authorize } from './authorize.ts';
import type { RequestContext } from './context.ts';
import { GatewayError } from './errors.ts';
import { type PageArguments, readPageArguments } from './list/arguments.ts';
import { listSequence, orderedSequence, paginate } from './list/page.ts';
import type { PartnerRows } from './list/rows.ts';
import type { PartnerConnectionModel, PartnerEdgeModel, PartnerModel } from './model.ts';
import { partnerFromWire } from './partnerMapping.ts';
import { readViewer } from './viewer.ts';

export const Query: QueryResolvers = {
  async complianceManagementPartner(_parent, { id }, context) {
    await authorize(context, 'READ');
    requirePartnerId(id, ['id']);
    return readPartner(id, context);
  },

  async node(_parent, { id }, context) {
    await authorize(context, 'READ');
    requirePartnerId(id, ['id']);
    return readPartner(id, context);
  },

  async nodes(_parent, { ids }, context) {
    await authorize(context, 'READ');
    if (ids.length > maximumNodes) {
      throw badArgument(
        `The argument "ids" has ${ids.length} ids, and ${maximumNodes} are allowed. Ask in several operations.`,
        ['ids'],
      );
    }
    ids.forEach((id, index) => {
      requirePartnerId(id, ['ids', String(index)]);
    });
    // The generated types know no promise of null in a list.
    return ids.map((id) => readPartner(id, context) as Promise<PartnerModel>);
  },

  async complianceManagementPartners(_parent, args, context) {
    await authorize(context, 'READ');
    const page = readPageArguments(args);
    if ('problem' in page) {
      throw badArgument(page.problem, [page.argumentName]);
    }
    return readPartnerConnection(context.reads.rows, page);
  },

  viewer: (_parent, _args, context) => readViewer(context),
};

/** As many as five batches. */
const maximumNodes = 100;

async function readPartner(id: string, { reads }: RequestContext): Promise<PartnerModel | null> {
  const partner = await reads.get(id);
  return partner === null ? null : partnerFromWire(partner);
}

function requirePartnerId(id: string, field: readonly [string, ...string[]]): void {
  if (!isPartnerId(id)) {
    throw badArgument(
      `The argument "${field.join('.')}" cannot be a partner's id: an id is ${partnerIdForm}.`,
      field,
    );
  }
}

/** `field` is the path of the value, the argument first. */
function badArgument(problem: string, field: readonly [string, ...string[]]): GatewayError {
  const [argumentName] = field;
  return new GatewayError('BAD_USER_INPUT', problem, { argumentName, field });
}

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
