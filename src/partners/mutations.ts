import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql';
import type {
  AddComplianceManagementPartnerInput,
  DeleteComplianceManagementPartnerInput,
  UpdateComplianceManagementPartnerInput,
} from '../generated/graphql.ts';
import type { MutationResolvers } from '../generated/resolvers.ts';
import { isGraphError } from '../graph/errors.ts';
import type { GraphApiVersion, PartnerChanges } from '../graph/types.ts';
import { addAssignment, removeAssignment } from './assignments.ts';
import { authorize } from './caller.ts';
import { changePartner, type Visibility } from './changePartner.ts';
import type { Notice, RequestContext } from './context.ts';
import { graphExtensionOf, refused, refusedByGraph } from './errors.ts';
import {
  findAssignmentChangeProblems,
  findIdProblems,
  findKeyProblems,
  findPartnerProblems,
} from './inputRules.ts';
import { meaningOf, type RevisedProperty, revisedProperties } from './meaning.ts';
import type { InputProblem, PartnerModel, Payload } from './model.ts';
import { newPartnerToWire, partnerChangesToWire } from './partnerMapping.ts';
import { findUnconfirmedAdd, hasOtherId } from './unclearAdd.ts';

type Run<Input> = (
  input: Input,
  context: RequestContext,
  info: GraphQLResolveInfo,
) => Promise<Payload>;

/** Maps, posts once, and looks once if the answer leaves the outcome in doubt. */
const addPartner: Run<AddComplianceManagementPartnerInput> = async (input, context, info) => {
  const newPartner = newPartnerToWire(input);
  const note = (notice: Omit<Notice, 'path'>): void => {
    context.notices.push({ ...notice, path: responsePathAsArray(info.path) });
  };
  try {
    const partner = await context.graph.add(newPartner, context.call);
    if (hasOtherId(newPartner, partner)) {
      const message =
        'Microsoft Graph added the partner under an id of its own instead of the one in the input. All else is as it was sent.';
      note({ code: 'ID_ASSIGNED_BY_GRAPH', message });
    }
    return refused([], partner);
  } catch (error) {
    if (isGraphError(error) && error.mayHaveBeenApplied) {
      const found = await findUnconfirmedAdd(newPartner, context);
      if (found !== undefined) {
        const message =
          `${error.message} The gateway then looked once and found exactly one partner with everything that was sent, ` +
          'which it had not seen before: this one. It was found, not answered, and nothing was sent again.';
        note({ code: 'FOUND_AFTER_UNCLEAR_ANSWER', message, ...graphExtensionOf(error) });
        return refused([], found);
      }
    }
    // Only an id of the caller's own says with what it collided.
    const field =
      input.id != null && isGraphError(error) && error.code === 'conflict' ? ['input', 'id'] : null;
    return refusedByGraph(error, { sent: newPartner, field, id: input.id, context });
  }
};

/** Reads if it has to, and sends exactly what was given. */
const updatePartner: Run<UpdateComplianceManagementPartnerInput> = async (input, context, info) => {
  const { id, ifRevision } = input;
  const changes = partnerChangesToWire(input);
  const properties = Object.keys(changes) as (keyof PartnerChanges)[];
  const isEmpty = properties.length === 0;
  return changePartner(
    {
      id,
      ifRevision,
      dependsOn: isEmpty ? [] : ifRevision == null ? undefined : revisedProperties,
      replacesList: properties.some((property) => property.endsWith('EnrollmentAssignments')),
      plan: () =>
        isEmpty
          ? { userErrors: [] }
          : {
              send: () => context.graph.update(id, changes, context.call),
              written: Object.fromEntries(
                properties.map((property) => [property, JSON.stringify(changes[property])]),
              ),
              judge: (seen, isFromBefore) => judgeUpdate(changes, seen, isFromBefore),
            },
      sent: changes,
    },
    context,
    info,
  );
};

/** Judges what Graph shows after an update: each property that was sent, by meaning. */
function judgeUpdate(
  sent: PartnerChanges,
  { wire: seen }: PartnerModel,
  isFromBefore: (property: RevisedProperty) => boolean,
): Visibility {
  const missing = (Object.keys(sent) as (keyof PartnerChanges)[]).filter(
    (property) => meaningOf(property, sent[property]) !== meaningOf(property, seen[property]),
  );
  if (missing.length === 0) {
    return { kind: 'shown', properties: [] };
  }
  const decisive = missing.filter(
    (property) => property !== 'partnerState' && property !== 'lastHeartbeatDateTime',
  );
  if (decisive.length === 0) {
    return { kind: 'ignored', properties: missing };
  }
  const foreign = decisive.filter((property) => !isFromBefore(property));
  return foreign.length > 0
    ? { kind: 'foreign', properties: foreign }
    : { kind: 'behind', properties: missing };
}

/** Reads the partner if a revision is given, then deletes it. */
const deletePartner: Run<DeleteComplianceManagementPartnerInput> = async (input, context, info) => {
  const { id, ifRevision } = input;
  return changePartner(
    {
      id,
      ifRevision,
      dependsOn: ifRevision == null ? undefined : revisedProperties,
      deletes: true,
      plan: () => ({
        send: async () => {
          await context.graph.delete(id, context.call);
          return undefined;
        },
        judge: () => ({ kind: 'shown', properties: [] }),
      }),
    },
    context,
    info,
  );
};

/** One mutation, without what all of them begin with. */
interface MutationKind<Input> {
  /** Lists everything in the input that must not reach Graph; all of it at once. */
  readonly findProblems: (input: Input, version: GraphApiVersion) => readonly InputProblem[];
  readonly run: Run<Input>;
  /** Looks for what an earlier attempt may have written. */
  readonly look?: (input: Input, context: RequestContext) => Promise<PartnerModel | undefined>;
}

/** Makes the resolver: lets the caller in, checks the input, and carries the mutation out, once for each key. */
function resolverOf<Input extends { readonly idempotencyKey?: string | null | undefined }>({
  findProblems,
  run,
  look,
}: MutationKind<Input>) {
  const begin = (
    input: Input,
    context: RequestContext,
    info: GraphQLResolveInfo,
  ): Payload | Promise<Payload> => {
    const { idempotencyKey: key } = input;
    const problems = [...findProblems(input, context.apiVersion), ...findKeyProblems(key)];
    if (problems.length > 0) {
      return refused(
        problems.map(({ path, message }) => ({
          code: 'BAD_USER_INPUT',
          message,
          field: [...path],
        })),
      );
    }
    return key == null
      ? run(input, context, info)
      : context.idempotency.run({
          key,
          input,
          context,
          info,
          run: (watched) => run(input, watched, info),
          look: look && (() => look(input, context)),
        });
  };
  return (
    _parent: unknown,
    { input }: { readonly input: Input },
    context: RequestContext,
    info: GraphQLResolveInfo,
  ): Payload | Promise<Payload> =>
    // Not an async function: a mutation without a key makes no promise more for it.
    context.authorizer === undefined
      ? begin(input, context, info)
      : authorize(context, 'WRITE').then(() => begin(input, context, info));
}

export const Mutation: MutationResolvers = {
  addComplianceManagementPartner: resolverOf({
    findProblems: findPartnerProblems,
    run: addPartner,
    look: (input, context) => findUnconfirmedAdd(newPartnerToWire(input), context),
  }),
  updateComplianceManagementPartner: resolverOf({
    findProblems: findPartnerProblems,
    run: updatePartner,
  }),
  deleteComplianceManagementPartner: resolverOf({
    findProblems: ({ id }: DeleteComplianceManagementPartnerInput) => findIdProblems(id),
    run: deletePartner,
  }),
  addEnrollmentAssignment: resolverOf({
    findProblems: findAssignmentChangeProblems,
    run: addAssignment,
  }),
  removeEnrollmentAssignment: resolverOf({
    findProblems: findAssignmentChangeProblems,
    run: removeAssignment,
  }),
};
