import type { GraphQLResolveInfo } from 'graphql';
import type {
  AddEnrollmentAssignmentInput,
  RemoveEnrollmentAssignmentInput,
  UserError,
} from '../generated/graphql.ts';
import { isGraphError } from '../graph/errors.ts';
import type { AssignmentSource, PartnerSource } from '../graph/readAnswer.ts';
import type { PartnerResource, WirePlatform } from '../graph/types.ts';
import type { AssignmentPlan } from './assignmentPlan.ts';
import type { RequestContext } from './context.ts';
import { type HandOver, handOverOf, type PartnerView } from './handOver.ts';
import { type PartnerModel, wirePlatformOf } from './model.ts';
import { partnerFromWire } from './partnerMapping.ts';
import { revisedProperties } from './revision.ts';
import { changedElsewhere, noticesOf, noticesOfView, readView, untilShown } from './untilShown.ts';
import {
  findRevisionConflict,
  partnerInConflict,
  partnerNotFound,
  userErrorsOrThrow,
} from './userErrors.ts';
import { isFromBefore } from './visibility.ts';

/** What both mutations of one assignment answer. */
interface AssignmentPayload {
  readonly complianceManagementPartner: PartnerModel | null;
  readonly changed: boolean;
  readonly userErrors: UserError[];
}

/** Decides what has to be done to a list so that it is as the user wants it. */
export type Plan = (entries: readonly AssignmentSource[]) => AssignmentPlan;

type Input = AddEnrollmentAssignmentInput | RemoveEnrollmentAssignmentInput;

/** What the turn ended with: an answer without a write, or a write whose effect is still to be seen. */
type Outcome =
  | { readonly payload: AssignmentPayload; readonly view?: PartnerView }
  | { readonly answered: PartnerResource | undefined; readonly handOver: HandOver };

/** Reads the list, plans, writes if something has to be written, and looks whether Graph shows it. */
export async function changeAssignment(
  input: Input,
  plan: Plan,
  context: RequestContext,
  info: GraphQLResolveInfo,
): Promise<AssignmentPayload> {
  const { graph, call, locks, clock } = context;
  const { id } = input;
  const platform = wirePlatformOf(input.platform);
  const property = `${platform}EnrollmentAssignments` as const;
  const properties = input.ifRevision == null ? [property] : revisedProperties;
  try {
    const outcome = await locks.run<PartnerSource | undefined, Outcome>({
      id,
      call,
      read: () => graph.getSource(id, call),
      async change(turn, source) {
        const view =
          source && (await readView(context, source, { handOver: turn.handOver, properties }));
        if (source === undefined || view === undefined) {
          return { payload: refusedAssignment([partnerNotFound]) };
        }
        turn.handOn(view.pending);
        const planned = planFor(view, input, plan);
        if ('conflict' in planned) {
          return { payload: answer(view.partner, false, [planned.conflict]), view };
        }
        const { entries } = planned;
        if (entries === undefined) {
          return { payload: answer(view.partner, false), view };
        }
        await turn.confirm();
        const answered = await graph.replaceAssignments(id, platform, entries, call);
        const before = { pending: view.pending, read: view.read.partner };
        const handOver = handOverOf({ [property]: `[${entries.join()}]` }, before, clock.now());
        turn.handOn(handOver);
        return { answered, handOver };
      },
    });
    if ('payload' in outcome) {
      context.notices.push(...noticesOfView(outcome.view, info));
      return outcome.payload;
    }
    const { answered, handOver } = outcome;
    const { partner, visibility } = await untilShown(context, { id, answered }, (seen, first) => {
      if (plan(entriesOf(seen, platform)).kind === 'done') {
        return { kind: 'shown' };
      }
      const kind = isFromBefore(property, seen, { handOver, first }) ? 'behind' : 'foreign';
      return { kind, properties: [property] };
    });
    context.notices.push(...noticesOf(visibility, info));
    const isForeign = visibility.kind === 'foreign';
    return answer(partner, true, isForeign ? [changedElsewhere(['input', 'target'])] : []);
  } catch (error) {
    const userErrors = userErrorsOrThrow(error, {}, ['input', fieldOf(error, platform)]);
    const complianceManagementPartner = await partnerInConflict(error, id, context);
    return { complianceManagementPartner, changed: false, userErrors };
  }
}

/** Graph rejects the platform's list as a whole where its generation does not have the platform. */
function fieldOf(error: unknown, platform: WirePlatform): 'platform' | 'target' {
  const names = isGraphError(error) ? (error.details.quotedNames ?? []) : [];
  return names.includes(`${platform}EnrollmentAssignments`) ? 'platform' : 'target';
}

function planFor(
  view: PartnerView,
  { platform, ifRevision, target }: Input,
  plan: Plan,
): { readonly conflict: UserError } | { readonly entries: readonly string[] | undefined } {
  const conflict = findRevisionConflict(view.partner, ifRevision);
  if (conflict !== undefined) {
    return { conflict };
  }
  const list = view.assignments(wirePlatformOf(platform));
  const planned = plan(list);
  switch (planned.kind) {
    case 'otherFilter': {
      const field = ['input', 'target', Object.keys(target)[0] ?? '', 'filter'];
      const message =
        'The target already has another filter, so nothing was written. Remove it first, then add it with this one.';
      return { conflict: { code: 'CONFLICT', message, field } };
    }
    case 'write':
      return { entries: planned.entries };
    case 'done': {
      // Only what was written last is as it should be, and no read shows it: another client may have taken it back.
      const isShown = plan(view.read.assignments(wirePlatformOf(platform))).kind === 'done';
      return { entries: isShown ? undefined : list.map(({ text }) => text) };
    }
  }
}

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

export function refusedAssignment(userErrors: UserError[]): AssignmentPayload {
  return { complianceManagementPartner: null, changed: false, userErrors };
}
