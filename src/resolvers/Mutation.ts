import type { MutationResolvers } from '../generated/resolvers.ts';
import { findNewPartnerProblems } from '../mapping/newPartnerProblems.ts';
import { newPartnerToWire, partnerFromWire } from '../mapping/partner.ts';
import { toGatewayError } from './toGatewayError.ts';
import { toUserErrors, userErrorsOf } from './toUserErrors.ts';

export const Mutation: MutationResolvers = {
  async addComplianceManagementPartner(_parent, { input }, { graph, call, apiVersion }) {
    const problems = findNewPartnerProblems(input, apiVersion);
    if (problems.length > 0) {
      return { complianceManagementPartner: null, userErrors: userErrorsOf(problems) };
    }
    const newPartner = newPartnerToWire(input);
    try {
      const partner = await graph.add(newPartner, call);
      return { complianceManagementPartner: partnerFromWire(partner), userErrors: [] };
    } catch (error) {
      const userErrors = toUserErrors(error, newPartner);
      if (userErrors === undefined) {
        throw toGatewayError(error);
      }
      return { complianceManagementPartner: null, userErrors };
    }
  },
};
