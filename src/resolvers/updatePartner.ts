import type { MutationResolvers } from '../generated/resolvers.ts';
import { partnerChangesToWire, partnerFromWire } from '../mapping/partner.ts';
import { findPartnerChangeProblems } from '../mapping/partnerChangeProblems.ts';
import { findRevisionConflict, partnerNotFound } from './knownUserErrors.ts';
import { letIn } from './letIn.ts';
import { partnerInConflict } from './partnerInConflict.ts';
import { userErrorsOf } from './userErrorsOf.ts';
import { userErrorsOrThrow } from './userErrorsOrThrow.ts';

/** Checks, reads where the revision counts or nothing is to be written, and sends exactly what was given. */
export const updatePartner: Required<MutationResolvers>['updateComplianceManagementPartner'] =
  async (_parent, { input }, context) => {
    await letIn(context, 'WRITE');
    const { graph, call, apiVersion, locks } = context;
    const problems = findPartnerChangeProblems(input, apiVersion);
    if (problems.length > 0) {
      return { complianceManagementPartner: null, userErrors: userErrorsOf(problems) };
    }
    const { id, ifRevision } = input;
    const changes = partnerChangesToWire(input);
    const isEmpty = Object.keys(changes).length === 0;
    try {
      return await locks.run(id, call, async () => {
        if (isEmpty || ifRevision != null) {
          const current = await graph.get(id, call);
          if (current === undefined) {
            return { complianceManagementPartner: null, userErrors: [partnerNotFound] };
          }
          const conflict = findRevisionConflict(current, ifRevision);
          if (isEmpty || conflict !== undefined) {
            return {
              complianceManagementPartner: partnerFromWire(current),
              userErrors: conflict ? [conflict] : [],
            };
          }
        }
        const partner = await graph.update(id, changes, call);
        return { complianceManagementPartner: partnerFromWire(partner), userErrors: [] };
      });
    } catch (error) {
      const userErrors = userErrorsOrThrow(error, changes);
      return {
        complianceManagementPartner: await partnerInConflict(error, id, context),
        userErrors,
      };
    }
  };
