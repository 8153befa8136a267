import type { MutationResolvers } from '../generated/resolvers.ts';
import { findNewPartnerProblems } from '../mapping/newPartnerProblems.ts';
import { newPartnerToWire, partnerFromWire } from '../mapping/partner.ts';
import { userErrorsOf } from './userErrorsOf.ts';
import { userErrorsOrThrow } from './userErrorsOrThrow.ts';

/** Checks, maps, posts once, maps back. */
export const addPartner: Required<MutationResolvers>['addComplianceManagementPartner'] = async (
  _parent,
  { input },
  { graph, call, apiVersion },
) => {
  const problems = findNewPartnerProblems(input, apiVersion);
  if (problems.length > 0) {
    return { complianceManagementPartner: null, userErrors: userErrorsOf(problems) };
  }
  const newPartner = newPartnerToWire(input);
  try {
    const partner = await graph.add(newPartner, call);
    return { complianceManagementPartner: partnerFromWire(partner), userErrors: [] };
  } catch (error) {
    return { complianceManagementPartner: null, userErrors: userErrorsOrThrow(error, newPartner) };
  }
};
