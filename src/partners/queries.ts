import type { QueryResolvers } from '../generated/resolvers.ts';
import { isPartnerId, partnerIdForm } from '../graph/types.ts';
import { readPartnerConnection } from '../resolvers/partnerConnection.ts';
import { letIn } from './authorize.ts';
import { GatewayError } from './errors.ts';
import { readPageArguments } from './list/arguments.ts';
import { partnerFromWire } from './partnerMapping.ts';
import { readViewer } from './viewer.ts';

export const Query: QueryResolvers = {
  async complianceManagementPartner(_parent, { id }, context) {
    await letIn(context, 'READ');
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
    await letIn(context, 'READ');
    const page = readPageArguments(args);
    if ('problem' in page) {
      const { argumentName, problem } = page;
      throw new GatewayError('BAD_USER_INPUT', problem, { argumentName, field: [argumentName] });
    }
    return readPartnerConnection(context.reads.rows, page);
  },

  viewer: (_parent, _args, context) => readViewer(context),
};
