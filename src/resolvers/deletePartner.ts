import type { MutationResolvers } from '../generated/resolvers.ts';
import { findIdProblems } from '../mapping/idProblems.ts';
import { partnerFromWire } from '../mapping/partner.ts';
import { findRevisionConflict, partnerNotFound } from './knownUserErrors.ts';
import { letIn } from './letIn.ts';
import { partnerInConflict } from './partnerInConflict.ts';
import { userErrorsOf } from './userErrorsOf.ts';
import { userErrorsOrThrow } from './userErrorsOrThrow.ts';

const nothing = { deletedComplianceManagementPartnerId: null, complianceManagementPartner: null };

/** Checks, reads where the revision counts, and deletes. */
export const deletePartner: Required<MutationResolvers>['deleteComplianceManagementPartner'] =
  async (_parent, { input: { id, ifRevision } }, context) => {
    await letIn(context, 'WRITE');
    const { graph, call, locks } = context;
    const problems = findIdProblems(id);
    if (problems.length > 0) {
      return { ...nothing, userErrors: userErrorsOf(problems) };
    }
    try {
      return await locks.run(id, call, async () => {
        if (ifRevision != null) {
          const current = await graph.get(id, call);
          if (current === undefined) {
            return { ...nothing, userErrors: [partnerNotFound] };
          }
          const conflict = findRevisionConflict(current, ifRevision);
          if (conflict !== undefined) {
            const complianceManagementPartner = partnerFromWire(current);
            return { ...nothing, complianceManagementPartner, userErrors: [conflict] };
          }
        }
        await graph.delete(id, call);
        return { ...nothing, deletedComplianceManagementPartnerId: id, userErrors: [] };
      });
    } catch (error) {
      const userErrors = userErrorsOrThrow(error, {});
      const complianceManagementPartner = await partnerInConflict(error, id, context);
      return { ...nothing, complianceManagementPartner, userErrors };
    }
  };
