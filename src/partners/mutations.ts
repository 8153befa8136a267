import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql';
import type {
  AddComplianceManagementPartnerInput,
  AddEnrollmentAssignmentInput,
  AssignmentTargetInput,
  DeleteComplianceManagementPartnerInput,
  RemoveEnrollmentAssignmentInput,
  UpdateComplianceManagementPartnerInput,
  UserError,
} from '../generated/graphql.ts';
import type { MutationResolvers } from '../generated/resolvers.ts';
import { type GraphError, isGraphError } from '../graph/errors.ts';
import type { PartnerSource } from '../graph/readAnswer.ts';
import type { GraphApiVersion, PartnerChanges, PartnerResource } from '../graph/types.ts';
import { assignmentTargetToWire, assignmentToWire } from './assignmentMapping.ts';
import { planAddition, planRemoval } from './assignmentPlan.ts';
import { authorize } from './authorize.ts';
import { changeAssignment, type Plan, refusedAssignment } from './changeAssignment.ts';
import type { Notice, RequestContext } from './context.ts';
import { graphExtensionOf } from './errors.ts';
import { type HandOver, handOverOf, type PartnerView } from './handOver.ts';
import {
  findAssignmentChangeProblems,
  findIdProblems,
  findNewPartnerProblems,
  findPartnerChangeProblems,
} from './inputRules.ts';
import type { InputProblem, Payload } from './model.ts';
import { findKeyProblems } from './outcomes.ts';
import { newPartnerToWire, partnerChangesToWire, partnerFromWire } from './partnerMapping.ts';
import { revisedProperties } from './revision.ts';
import { findUnconfirmedAdd, hasOtherId } from './unclearAdd.ts';
import { changedElsewhere, noticesOf, noticesOfView, readView, untilShown } from './untilShown.ts';
import {
  findRevisionConflict,
  partnerInConflict,
  partnerNotFound,
  userErrorsOf,
  userErrorsOrThrow,
} from './userErrors.ts';
import { judgeUpdate } from './visibility.ts';

/** Maps, posts once, maps back; looks once if the answer leaves the outcome in doubt. */
async function addPartner(
  input: AddComplianceManagementPartnerInput,
  context: RequestContext,
  info: GraphQLResolveInfo,
): Promise<Payload> {
  const newPartner = newPartnerToWire(input);
  try {
    const partner = await context.graph.add(newPartner, context.call);
    if (hasOtherId(newPartner, partner)) {
      context.notices.push(assignedIdNotice(info));
    }
    return { complianceManagementPartner: partnerFromWire(partner), userErrors: [] };
  } catch (error) {
    if (isGraphError(error) && error.mayHaveBeenApplied) {
      const found = await findUnconfirmedAdd(newPartner, context);
      if (found !== undefined) {
        context.notices.push(foundNotice(error, info));
        return { complianceManagementPartner: partnerFromWire(found), userErrors: [] };
      }
    }
    const isOwnIdTaken = input.id != null && isGraphError(error) && error.code === 'conflict';
    const field = isOwnIdTaken ? ['input', 'id'] : null;
    const userErrors = userErrorsOrThrow(error, newPartner, field);
    return {
      // Only an id of the caller's own says with what it collided.
      complianceManagementPartner:
        input.id == null ? null : await partnerInConflict(error, input.id, context),
      userErrors,
    };
  }
}

function assignedIdNotice(info: GraphQLResolveInfo): Notice {
  return {
    code: 'ID_ASSIGNED_BY_GRAPH',
    message:
      'Microsoft Graph added the partner under an id of its own instead of the one in the input. All else is as it was sent.',
    path: responsePathAsArray(info.path),
  };
}

function foundNotice(error: GraphError, info: GraphQLResolveInfo): Notice {
  return {
    code: 'FOUND_AFTER_UNCLEAR_ANSWER',
    message:
      `${error.message} The gateway then looked once and found exactly one partner with everything that was sent, ` +
      'which it had not seen before: this one. It was found, not answered, and nothing was sent again.',
    path: responsePathAsArray(info.path),
    ...graphExtensionOf(error),
  };
}

/** What the turn ended with: an answer without a write, or a write whose effect is still to be seen. */
type UpdateOutcome =
  | { readonly view: PartnerView | undefined; readonly userErrors: UserError[] }
  | { readonly answered: PartnerResource | undefined; readonly handOver: HandOver };

/** Reads if it has to, sends exactly what was given, and looks whether Graph shows it. */
async function updatePartner(
  input: UpdateComplianceManagementPartnerInput,
  context: RequestContext,
  info: GraphQLResolveInfo,
): Promise<Payload> {
  const { graph, call, locks, clock } = context;
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
}

/** Others change single entries of a list, so one that replaces it has to wait for them. */
function writesList(changes: PartnerChanges): boolean {
  return Object.keys(changes).some((property) => property.endsWith('EnrollmentAssignments'));
}

function writtenTexts(changes: PartnerChanges): Record<string, string> {
  return Object.fromEntries(
    Object.entries(changes).map(([property, value]) => [property, JSON.stringify(value)]),
  );
}

const nothing = { deletedComplianceManagementPartnerId: null, complianceManagementPartner: null };

interface DeletePayload extends Payload {
  readonly deletedComplianceManagementPartnerId: string | null;
}

/** Reads the partner if a revision is given, then deletes it. */
async function deletePartner(
  { id, ifRevision }: DeleteComplianceManagementPartnerInput,
  context: RequestContext,
  info: GraphQLResolveInfo,
): Promise<DeletePayload> {
  const { graph, call, locks } = context;
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
}

/** One mutation, without what all of them begin with. */
interface MutationKind<Input, Answer> {
  /** Lists everything in the input that must not reach Graph; all of it at once. */
  readonly findProblems: (input: Input, version: GraphApiVersion) => readonly InputProblem[];
  /** Gives the payload that has nothing but user errors. */
  readonly refuse: (userErrors: UserError[]) => Answer;
  readonly run: (
    input: Input,
    context: RequestContext,
    info: GraphQLResolveInfo,
  ) => Promise<Answer>;
  /** Looks for what an earlier attempt may have written. */
  readonly look?: (input: Input, context: RequestContext) => Promise<PartnerResource | undefined>;
}

interface KeyedInput {
  readonly idempotencyKey?: string | null | undefined;
}

/** Makes the resolver: lets the caller in, checks the input, and carries the mutation out, once for each key. */
function resolverOf<Input extends KeyedInput, Answer extends Payload>({
  findProblems,
  refuse,
  run,
  look,
}: MutationKind<Input, Answer>) {
  const begin = (
    input: Input,
    context: RequestContext,
    info: GraphQLResolveInfo,
  ): Answer | Promise<Answer> => {
    const { idempotencyKey: key } = input;
    const problems = [...findProblems(input, context.apiVersion), ...findKeyProblems(key)];
    if (problems.length > 0) {
      return refuse(userErrorsOf(problems));
    }
    return key == null
      ? run(input, context, info)
      : context.idempotency.run({
          key,
          input,
          context,
          info,
          run: (watched) => run(input, watched, info),
          refuse,
          look: look && (() => look(input, context)),
        });
  };
  return (
    _parent: unknown,
    { input }: { readonly input: Input },
    context: RequestContext,
    info: GraphQLResolveInfo,
  ): Answer | Promise<Answer> =>
    // Not an async function: a mutation without a key makes no promise more for it.
    context.authorizer === undefined
      ? begin(input, context, info)
      : authorize(context, 'WRITE').then(() => begin(input, context, info));
}

const refuse = (userErrors: UserError[]): Payload => ({
  complianceManagementPartner: null,
  userErrors,
});

export const Mutation: MutationResolvers = {
  addComplianceManagementPartner: resolverOf({
    findProblems: findNewPartnerProblems,
    refuse,
    run: addPartner,
    look: (input, context) => findUnconfirmedAdd(newPartnerToWire(input), context),
  }),

  updateComplianceManagementPartner: resolverOf({
    findProblems: findPartnerChangeProblems,
    refuse,
    run: updatePartner,
  }),

  deleteComplianceManagementPartner: resolverOf({
    findProblems: ({ id }: DeleteComplianceManagementPartnerInput) => findIdProblems(id),
    refuse: (userErrors) => ({ ...nothing, userErrors }),
    run: deletePartner,
  }),

  addEnrollmentAssignment: resolverOf({
    findProblems: findAssignmentChangeProblems,
    refuse: refusedAssignment,
    run(input: AddEnrollmentAssignmentInput, context, info) {
      const target = assignmentTargetToWire(input.target);
      const newEntry = JSON.stringify(assignmentToWire({ target: input.target }));
      const plan: Plan = (entries) => planAddition(entries, target, newEntry);
      return changeAssignment(input, plan, context, info);
    },
  }),

  removeEnrollmentAssignment: resolverOf({
    findProblems: findAssignmentChangeProblems,
    refuse: refusedAssignment,
    run(input: RemoveEnrollmentAssignmentInput, context, info) {
      const target = assignmentTargetToWire(input.target);
      const isFilterCounted = isFilterGiven(input.target);
      const plan: Plan = (entries) => planRemoval(entries, target, isFilterCounted);
      return changeAssignment(input, plan, context, info);
    },
  }),
};

function isFilterGiven(target: AssignmentTargetInput): boolean {
  return Object.values(target).some((value) => value?.filter != null);
}
