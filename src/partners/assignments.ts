import type { GraphQLResolveInfo } from 'graphql';
import type {
  AddEnrollmentAssignmentInput,
  RemoveEnrollmentAssignmentInput,
} from '../generated/graphql.ts';
import { isGraphError } from '../graph/errors.ts';
import type { AssignmentTargetResource, NewAssignmentTargetResource } from '../graph/types.ts';
import { changePartner } from './changePartner.ts';
import type { RequestContext } from './context.ts';
import type { AssignmentSource } from './handOver.ts';
import { filterOf, revisedProperties, typeNameOf } from './meaning.ts';
import { type PartnerModel, type Payload, wireByPlatform } from './model.ts';
import { assignmentToWire, targetToWire } from './partnerMapping.ts';

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

/** Adds an entry to a list, unless it is there. */
export function addAssignment(
  input: AddEnrollmentAssignmentInput,
  context: RequestContext,
  info: GraphQLResolveInfo,
): Promise<Payload> {
  const target = targetToWire(input.target);
  const newEntry = JSON.stringify(assignmentToWire({ target: input.target }));
  return change(input, (entries) => planAddition(entries, target, newEntry), context, info);
}

/** Removes an entry from a list; whatever its filter is, unless the input has one. */
export function removeAssignment(
  input: RemoveEnrollmentAssignmentInput,
  context: RequestContext,
  info: GraphQLResolveInfo,
): Promise<Payload> {
  const target = targetToWire(input.target);
  const isFilterCounted = Object.values(input.target).some((value) => value?.filter != null);
  return change(input, (entries) => planRemoval(entries, target, isFilterCounted), context, info);
}

/** Reads the list, plans, writes if something has to be written, and looks whether Graph shows it. */
function change(
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
