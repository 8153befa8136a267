import type { MutationResolvers } from '../generated/resolvers.ts';
import { findIdProblems } from '../mapping/idProblems.ts';
import { letIn } from '../partners/authorize.ts';
import { partnerFromWire } from '../partners/partnerMapping.ts';
import { revisedProperties } from '../partners/revision.ts';
import { noticesOfView, readView } from '../partners/untilShown.ts';
import { findRevisionConflict, partnerNotFound } from '../partners/userErrors.ts';
import { partnerInConflict } from './partnerInConflict.ts';
import { userErrorsOf } from './userErrorsOf.ts';
import { userErrorsOrThrow } from './userErrorsOrThrow.ts';

const nothing = { deletedComplianceManagementPartnerId: null, complianceManagementPartner: null };

/** Checks, reads where the revision counts, and deletes. */
export const deletePartner: Required<MutationResolvers>['deleteComplianceManagementPartner'] =
  async (_parent, { input: { id, ifRevision } }, context, info) => {
    await letIn(context, 'WRITE');
    const { graph, call, locks } = context;
    const problems = findIdProblems(id);
    if (problems.length > 0) {
      return { ...nothing, userErrors: userErrorsOf(problems) };
    }
    try {
      return await locks.run({
        id,
        call,
        read: async () => (ifRevision == null ? undefined : graph.getSource(id, call)),
        async change(turn, source) {
          if (ifRevision != null) {
            const { handOver } = turn;
            const properties = revisedProperties;
            const view = source && (await readView(context, source, { handOver, properties }));
            if (view === undefined) {
              return { ...nothing, userErrors: [partnerNotFound] };
            }
            const conflict = findRevisionConflict(view.partner, ifRevision);
            if (conflict !== undefined) {
              context.notices.push(...noticesOfView(view, info));
              const complianceManagementPartner = partnerFromWire(view.partner);
              return { ...nothing, complianceManagementPartner, userErrors: [conflict] };
            }
          }
          await turn.confirm();
          await graph.delete(id, call);
          turn.handOn({});
          return { ...nothing, deletedComplianceManagementPartnerId: id, userErrors: [] };
        },
      });
    } catch (error) {
      const userErrors = userErrorsOrThrow(error, {});
      const complianceManagementPartner = await partnerInConflict(error, id, context);
      return { ...nothing, complianceManagementPartner, userErrors };
    }
  };
