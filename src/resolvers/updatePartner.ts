import type { UserError } from '../generated/graphql.ts';
import type { MutationResolvers } from '../generated/resolvers.ts';
import type { PartnerSource } from '../graph/client.ts';
import type { PartnerChanges, PartnerResource } from '../graph/types.ts';
import { findPartnerChangeProblems } from '../mapping/partnerChangeProblems.ts';
import { letIn } from '../partners/authorize.ts';
import { type HandOver, handOverOf, type PartnerView } from '../partners/handOver.ts';
import { partnerChangesToWire, partnerFromWire } from '../partners/partnerMapping.ts';
import { revisedProperties } from '../partners/revision.ts';
import {
  changedElsewhere,
  noticesOf,
  noticesOfView,
  readView,
  untilShown,
} from '../partners/untilShown.ts';
import { findRevisionConflict, partnerNotFound } from '../partners/userErrors.ts';
import { judgeUpdate } from '../partners/visibility.ts';
import { partnerInConflict } from './partnerInConflict.ts';
import { userErrorsOf } from './userErrorsOf.ts';
import { userErrorsOrThrow } from './userErrorsOrThrow.ts';

/** What the turn ended with: an answer without a write, or a write whose effect is still to be seen. */
type UpdateOutcome =
  | { readonly view: PartnerView | undefined; readonly userErrors: UserError[] }
  | { readonly answered: PartnerResource | undefined; readonly handOver: HandOver };

/** Checks, reads if it has to, sends exactly what was given, and looks whether Graph shows it. */
export const updatePartner: Required<MutationResolvers>['updateComplianceManagementPartner'] =
  async (_parent, { input }, context, info) => {
    await letIn(context, 'WRITE');
    const { graph, call, apiVersion, locks, clock } = context;
    const problems = findPartnerChangeProblems(input, apiVersion);
    if (problems.length > 0) {
      return { complianceManagementPartner: null, userErrors: userErrorsOf(problems) };
    }
    const { id, ifRevision } = input;
    const changes = partnerChangesToWire(input);
    const isEmpty = Object.keys(changes).length === 0;
    const isAboutWhatIs = isEmpty || ifRevision != null;
    try {
      const outcome = await locks.run<PartnerSource | undefined, UpdateOutcome>({
        id,
        call,
        read: async (isUnproven) =>
          isAboutWhatIs || (isUnproven && writesList(changes))
            ? graph.getSource(id, call)
            : undefined,
        async change(turn, source) {
          let { handOver: pending } = turn;
          let read: PartnerResource | undefined;
          if (isAboutWhatIs) {
            const properties = isEmpty ? [] : revisedProperties;
            const view =
              source && (await readView(context, source, { handOver: pending, properties }));
            if (view === undefined) {
              return { view, userErrors: [partnerNotFound] };
            }
            ({ pending } = view);
            read = view.read.partner;
            turn.handOn(pending);
            const conflict = findRevisionConflict(view.partner, ifRevision);
            if (isEmpty || conflict !== undefined) {
              return { view, userErrors: conflict ? [conflict] : [] };
            }
          }
          await turn.confirm();
          const answered = await graph.update(id, changes, call);
          const handOver = handOverOf(writtenTexts(changes), { pending, read }, clock.now());
          turn.handOn(handOver);
          return { answered, handOver };
        },
      });
      if ('userErrors' in outcome) {
        const { view, userErrors } = outcome;
        context.notices.push(...noticesOfView(view, info));
        return {
          complianceManagementPartner: view === undefined ? null : partnerFromWire(view.partner),
          userErrors,
        };
      }
      const { answered, handOver } = outcome;
      const { partner, visibility } = await untilShown(context, { id, answered }, (seen, first) =>
        judgeUpdate(changes, seen, { handOver, first }),
      );
      context.notices.push(...noticesOf(visibility, info));
      return {
        complianceManagementPartner: partnerFromWire(partner),
        userErrors:
          visibility.kind === 'foreign'
            ? visibility.properties.map((name) => changedElsewhere(['input', name]))
            : [],
      };
    } catch (error) {
      const userErrors = userErrorsOrThrow(error, changes);
      return {
        complianceManagementPartner: await partnerInConflict(error, id, context),
        userErrors,
      };
    }
  };

/** Others change single entries of a list, so one that replaces it has to wait for them. */
function writesList(changes: PartnerChanges): boolean {
  return Object.keys(changes).some((property) => property.endsWith('EnrollmentAssignments'));
}

function writtenTexts(changes: PartnerChanges): Record<string, string> {
  return Object.fromEntries(
    Object.entries(changes).map(([property, value]) => [property, JSON.stringify(value)]),
  );
}
