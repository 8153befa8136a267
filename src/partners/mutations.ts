import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql';
import type {
  AddComplianceManagementPartnerInput,
  AddEnrollmentAssignmentInput,
  DeleteComplianceManagementPartnerInput,
  RemoveEnrollmentAssignmentInput,
  UpdateComplianceManagementPartnerInput,
} from '../generated/graphql.ts';
import type { MutationResolvers } from '../generated/resolvers.ts';
import { isGraphError } from '../graph/errors.ts';
import type {
  AssignmentTargetResource,
  GraphApiVersion,
  NewAssignmentTargetResource,
  PartnerChanges,
} from '../graph/types.ts';
import { authorize } from './caller.ts';
import { changePartner, type Visibility } from './changePartner.ts';
import type { Notice, RequestContext } from './context.ts';
import { graphExtensionOf, refused, refusedByGraph } from './errors.ts';
import type { AssignmentSource } from './handOver.ts';
import {
  findAssignmentChangeProblems,
  findIdProblems,
  findKeyProblems,
  findPartnerProblems,
} from './inputRules.ts';
import {
  filterOf,
  findDifferences,
  type RevisedProperty,
  revisedProperties,
  typeNameOf,
} from './meaning.ts';
import { type PartnerModel, type Payload, wireByPlatform } from './model.ts';
import {
  assignmentToWire,
  newPartnerToWire,
  partnerChangesToWire,
  targetToWire,
} from './partnerMapping.ts';
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
  const missing = findDifferences(sent, seen);
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

/** What has to be done to a list of assignments: nothing, write these entries (JSON texts), or ask the user. */
type AssignmentPlan =
  | { readonly kind: 'done' }
  | { readonly kind: 'write'; readonly entries: readonly string[] }
  | { readonly kind: 'otherFilter' };

type Target = AssignmentTargetResource | NewAssignmentTargetResource;

/** Plans to add a target. `newEntry` is its entry as JSON; all others stay byte for byte. */
export function planAddition(
  entries: readonly AssignmentSource[],
  target: NewAssignmentTargetResource,
  newEntry: string,
): AssignmentPlan {
  const same = entries.filter((entry) => hasTarget(entry, target));
  if (same.some((entry) => hasFilter(entry, target))) {
    return { kind: 'done' };
  }
  return same.length > 0
    ? { kind: 'otherFilter' }
    : { kind: 'write', entries: [...entries.map(({ text }) => text), newEntry] };
}

/** Plans to remove a target: all entries with it, or, if the filter counts, those with the same filter. */
export function planRemoval(
  entries: readonly AssignmentSource[],
  target: NewAssignmentTargetResource,
  isFilterCounted: boolean,
): AssignmentPlan {
  const others = entries.filter(
    (entry) => !hasTarget(entry, target) || (isFilterCounted && !hasFilter(entry, target)),
  );
  return others.length === entries.length
    ? { kind: 'done' }
    : { kind: 'write', entries: others.map(({ text }) => text) };
}

/** Whether Graph takes two targets for one: it goes by type and identity, ids in any case, types with or without `#`. */
function hasTarget({ assignment }: AssignmentSource, target: Target): boolean {
  return assignment?.target != null && identityOf(assignment.target) === identityOf(target);
}

/** Whether two targets are narrowed by the same filter, or both by none, for which Graph has several ways. */
function hasFilter({ assignment }: AssignmentSource, target: NewAssignmentTargetResource): boolean {
  return filterOf(assignment?.target ?? {}) === filterOf({ ...target });
}

function identityOf(target: Target): string {
  const ids = [target.groupId, target.collectionId].map((id) =>
    typeof id === 'string' ? id.toLowerCase() : id,
  );
  return JSON.stringify([typeNameOf(target['@odata.type']), ...ids]);
}

/** Reads the list, plans, writes if something has to be written, and looks whether Graph shows it. */
function changeList(
  { id, platform, ifRevision, target }: AddEnrollmentAssignmentInput,
  plan: (entries: readonly AssignmentSource[]) => AssignmentPlan,
  context: RequestContext,
  info: GraphQLResolveInfo,
): Promise<Payload> {
  const { graph, call } = context;
  const wirePlatform = wireByPlatform[platform];
  const property = `${wirePlatform}EnrollmentAssignments` as const;
  const isDone = ({ wire }: PartnerModel): boolean =>
    plan((wire[property] ?? []).map((assignment) => ({ assignment, text: '' }))).kind === 'done';
  return changePartner(
    {
      id,
      ifRevision,
      dependsOn: ifRevision == null ? [property] : revisedProperties,
      plan(view) {
        const list = view?.assignments(wirePlatform) ?? [];
        const planned = plan(list);
        if (planned.kind === 'otherFilter') {
          const field = ['input', 'target', Object.keys(target)[0] ?? '', 'filter'];
          const message =
            'The target already has another filter, so nothing was written. Remove it first, then add it with this one.';
          return { userErrors: [{ code: 'CONFLICT', message, field }] };
        }
        if (planned.kind === 'done' && (view === undefined || isDone(view.read))) {
          return { userErrors: [] };
        }
        // If only what was written last is as it should be, and no read shows it, another client may have taken it back.
        const entries = planned.kind === 'done' ? list.map(({ text }) => text) : planned.entries;
        return {
          send: () => graph.replaceAssignments(id, wirePlatform, entries, call),
          written: { [property]: `[${entries.join()}]` },
          judge: (seen, isFromBefore) =>
            isDone(seen)
              ? { kind: 'shown', properties: [] }
              : { kind: isFromBefore(property) ? 'behind' : 'foreign', properties: [property] },
        };
      },
      // Graph rejects the list as a whole if its generation does not have the platform.
      fieldOf: (error) => {
        const names = isGraphError(error) ? (error.details.quotedNames ?? []) : [];
        return ['input', names.includes(property) ? 'platform' : 'target'];
      },
      fieldOfProperty: () => ['input', 'target'],
    },
    context,
    info,
  );
}

/** Adds an entry to a list, unless it is there. */
const addAssignment: Run<AddEnrollmentAssignmentInput> = (input, context, info) => {
  const target = targetToWire(input.target);
  const newEntry = JSON.stringify(assignmentToWire({ target: input.target }));
  return changeList(input, (entries) => planAddition(entries, target, newEntry), context, info);
};

/** Removes an entry from a list; whatever its filter is, unless the input has one. */
const removeAssignment: Run<RemoveEnrollmentAssignmentInput> = (input, context, info) => {
  const target = targetToWire(input.target);
  const isFilterCounted = Object.values(input.target).some((value) => value?.filter != null);
  const plan = (entries: readonly AssignmentSource[]) =>
    planRemoval(entries, target, isFilterCounted);
  return changeList(input, plan, context, info);
};

/**
 * Makes the resolver of a mutation: lets the caller in, checks the input, and carries the mutation out, once for each key.
 * `findProblems` lists everything in the input that must not reach Graph, all of it at once. `look` looks for what an
 * earlier attempt may have written.
 */
function resolverOf<Input extends { readonly idempotencyKey?: string | null | undefined }>(
  findProblems: (input: Input, version: GraphApiVersion) => ReturnType<typeof findIdProblems>,
  run: Run<Input>,
  look?: (input: Input, context: RequestContext) => Promise<PartnerModel | undefined>,
) {
  const begin = (
    input: Input,
    context: RequestContext,
    info: GraphQLResolveInfo,
  ): Payload | Promise<Payload> => {
    const { idempotencyKey: key } = input;
    const problems = [...findProblems(input, context.apiVersion), ...findKeyProblems(key)];
    if (problems.length > 0) {
      const code = 'BAD_USER_INPUT';
      return refused(problems.map(({ path, message }) => ({ code, message, field: [...path] })));
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
  addComplianceManagementPartner: resolverOf(findPartnerProblems, addPartner, (input, context) =>
    findUnconfirmedAdd(newPartnerToWire(input), context),
  ),
  updateComplianceManagementPartner: resolverOf(findPartnerProblems, updatePartner),
  deleteComplianceManagementPartner: resolverOf(({ id }) => findIdProblems(id), deletePartner),
  addEnrollmentAssignment: resolverOf(findAssignmentChangeProblems, addAssignment),
  removeEnrollmentAssignment: resolverOf(findAssignmentChangeProblems, removeAssignment),
};
