import type { QueryResolvers } from '../generated/resolvers.ts';
import { isPartnerId, partnerIdForm } from '../graph/partnerId.ts';
import { partnerFromWire } from '../mapping/partner.ts';
import { GatewayError } from './gatewayError.ts';
import { readPageArguments } from './pageArguments.ts';
import { readPartnerConnection } from './partnerConnection.ts';
import { createPartnerRows, type PartnerRows } from './partnerRows.ts';
import { toGatewayError } from './toGatewayError.ts';

export const Query: QueryResolvers = {
  async complianceManagementPartner(_parent, { id }, { graph, call }) {
    if (!isPartnerId(id)) {
      throw new GatewayError(
        'BAD_USER_INPUT',
        `The argument "id" cannot be a partner's id: an id is ${partnerIdForm}.`,
        { argumentName: 'id' },
      );
    }
    try {
      const partner = await graph.get(id, call);
      return partner === undefined ? null : partnerFromWire(partner);
    } catch (error) {
      throw toGatewayError(error);
    }
  },

  async complianceManagementPartners(_parent, args, { graph, call }) {
    const page = readPageArguments(args);
    const rows = translating(createPartnerRows(graph.listPages(call)));
    return readPartnerConnection(rows, page);
  },
};

/** The count may read on long after the resolver has returned, so the translation belongs to the reading itself. */
function translating(rows: PartnerRows): PartnerRows {
  const translate = (error: unknown): never => {
    throw toGatewayError(error);
  };
  return {
    atLeast: (count) => rows.atLeast(count).catch(translate),
    all: () => rows.all().catch(translate),
  };
}
