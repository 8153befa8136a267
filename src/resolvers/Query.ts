import type { QueryResolvers } from '../generated/resolvers.ts';
import { isPartnerId, partnerIdForm } from '../graph/partnerId.ts';
import { partnerFromWire } from '../mapping/partner.ts';
import { readPageArguments } from '../selection/pageArguments.ts';
import { GatewayError } from './gatewayError.ts';
import { readPartnerConnection } from './partnerConnection.ts';
import { readViewer } from './readViewer.ts';

export const Query: QueryResolvers = {
  async complianceManagementPartner(_parent, { id }, { reads }) {
    if (!isPartnerId(id)) {
      throw new GatewayError(
        'BAD_USER_INPUT',
        `The argument "id" cannot be a partner's id: an id is ${partnerIdForm}.`,
        { argumentName: 'id' },
      );
    }
    const partner = await reads.get(id);
    return partner === null ? null : partnerFromWire(partner);
  },

  async complianceManagementPartners(_parent, args, { reads }) {
    const page = readPageArguments(args);
    if ('problem' in page) {
      const { argumentName, problem } = page;
      throw new GatewayError('BAD_USER_INPUT', problem, { argumentName });
    }
    return readPartnerConnection(reads.rows, page);
  },

  viewer: (_parent, _args, context) => readViewer(context),
};
