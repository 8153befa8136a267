import type {
  AddEnrollmentAssignmentInput,
  RemoveEnrollmentAssignmentInput,
  UserError,
} from '../generated/graphql.ts';
import { isGraphError } from '../graph/errors.ts';
import type { AssignmentSource, PartnerSource } from '../graph/partnerSource.ts';
import type { PartnerResource, WirePlatform } from '../graph/resource.ts';
import { findAssignmentChangeProblems } from '../mapping/assignmentChangeProblems.ts';
import type { AssignmentPlan } from '../mapping/assignmentPlan.ts';
import { partnerFromWire } from '../mapping/partner.ts';
import type { PartnerModel } from '../mapping/partnerModel.ts';
import { wirePlatformOf } from '../mapping/platform.ts';
import type { RequestContext } from './context.ts';
import { findRevisionConflict, partnerNotFound } from './knownUserErrors.ts';
import { letIn } from './letIn.ts';
import { partnerInConflict } from './partnerInConflict.ts';
import { userErrorsOf } from './userErrorsOf.ts';
import { userErrorsOrThrow } from './userErrorsOrThrow.ts';

/** What both mutations of one assignment answer. */
export interface AssignmentPayload {
  readonly complianceManagementPartner: PartnerModel | null;
  readonly changed: boolean;
  readonly userErrors: UserError[];
}

/** Decides what has to be done to a list so that it is as the user wants it. */
export type Plan = (entries: readonly AssignmentSource[]) => AssignmentPlan;

type Input = AddEnrollmentAssignmentInput | RemoveEnrollmentAssignmentInput;

/** Reads the list, plans, writes where something has to be written, and looks whether it came to pass. */
export async function changeAssignment(
  input: Input,
  plan: Plan,
  context: RequestContext,
): Promise<AssignmentPayload> {
  await letIn(context, 'WRITE');
  const { graph, call, apiVersion, locks } = context;
  const problems = findAssignmentChangeProblems(input, apiVersion);
  if (problems.length > 0) {
    return refused(userErrorsOf(problems));
  }
  const { id } = input;
  const platform = wirePlatformOf(input.platform);
  try {
    return await locks.run(id, call, async () => {
      const source = await graph.getSource(id, call);
      if (source === undefined) {
        return refused([partnerNotFound]);
      }
      const planned = planFor(source, input, plan);
      if ('conflict' in planned) {
        return answer(source.partner, false, [planned.conflict]);
      }
      if (planned.entries === undefined) {
        return answer(source.partner, false);
      }
      const written = await graph.replaceAssignments(id, platform, planned.entries, call);
      const isThere = plan(entriesOf(written, platform)).kind === 'done';
      return answer(written, true, isThere ? [] : [changedElsewhere]);
    });
  } catch (error) {
    const userErrors = userErrorsOrThrow(error, {}, ['input', fieldOf(error, platform)]);
    const complianceManagementPartner = await partnerInConflict(error, id, context);
    return { complianceManagementPartner, changed: false, userErrors };
  }
}

/** Graph refuses the platform's list as a whole where its generation does not have the platform. */
function fieldOf(error: unknown, platform: WirePlatform): 'platform' | 'target' {
  const names = isGraphError(error) ? (error.details.quotedNames ?? []) : [];
  return names.includes(`${platform}EnrollmentAssignments`) ? 'platform' : 'target';
}

function planFor(
  source: PartnerSource,
  { platform, ifRevision, target }: Input,
  plan: Plan,
): { readonly conflict: UserError } | { readonly entries: readonly string[] | undefined } {
  const conflict = findRevisionConflict(source.partner, ifRevision);
  if (conflict !== undefined) {
    return { conflict };
  }
  const planned = plan(source.assignments(wirePlatformOf(platform)));
  if (planned.kind === 'otherFilter') {
    const field = ['input', 'target', Object.keys(target)[0] ?? '', 'filter'];
    const message =
      'The target is there with another filter, so nothing was written. Remove it first, then add it with this one.';
    return { conflict: { code: 'CONFLICT', message, field } };
  }
  return { entries: planned.kind === 'write' ? planned.entries : undefined };
}

const changedElsewhere: UserError = {
  code: 'CONFLICT',
  message:
    'The list was written, but what Microsoft Graph holds now does not show the change: somebody else changed it at the same moment. Look at it as it is now, and decide again.',
  field: ['input', 'target'],
};

function entriesOf(partner: PartnerResource, platform: WirePlatform): readonly AssignmentSource[] {
  const list = partner[`${platform}EnrollmentAssignments`] ?? [];
  return list.map((assignment) => ({ assignment, text: '' }));
}

function answer(
  partner: PartnerResource,
  changed: boolean,
  userErrors: UserError[] = [],
): AssignmentPayload {
  return { complianceManagementPartner: partnerFromWire(partner), changed, userErrors };
}

function refused(userErrors: UserError[]): AssignmentPayload {
  return { complianceManagementPartner: null, changed: false, userErrors };
}
