import type { AssignmentSource } from '../graph/readAnswer.ts';
import type { AssignmentTargetResource, NewAssignmentTargetResource } from '../graph/types.ts';

/** What has to be done to a list of assignments: nothing, write these entries (JSON texts), or ask the user. */
export type AssignmentPlan =
  | { readonly kind: 'done' }
  | { readonly kind: 'write'; readonly entries: readonly string[] }
  | { readonly kind: 'otherFilter' };

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

function hasTarget({ assignment }: AssignmentSource, target: NewAssignmentTargetResource): boolean {
  return assignment?.target != null && hasSameIdentity(assignment.target, target);
}

function hasFilter({ assignment }: AssignmentSource, target: NewAssignmentTargetResource): boolean {
  return hasSameFilter(assignment?.target ?? {}, target);
}

type Target = AssignmentTargetResource | NewAssignmentTargetResource;

/** Whether Graph takes two targets for one: it goes by type and identity, ids in any case, types with or without `#`. */
function hasSameIdentity(left: Target, right: Target): boolean {
  return identityOf(left) === identityOf(right);
}

/** Whether two targets are narrowed by the same filter, or both by none, for which Graph has several ways. */
function hasSameFilter(left: Target, right: Target): boolean {
  return filterOf(left) === filterOf(right);
}

function identityOf(target: Target): string {
  const ids = [target.groupId, target.collectionId].map((id) =>
    typeof id === 'string' ? id.toLowerCase() : (id ?? null),
  );
  return JSON.stringify([typeNameOf(target['@odata.type']), ...ids]);
}

/** A type's name without `#`, namespace and case; empty if there is none. */
export function typeNameOf(type: unknown): string {
  return typeof type === 'string' ? type.replace(/^#?microsoft\.graph\./i, '').toLowerCase() : '';
}

export const filterIdName = 'deviceAndAppManagementAssignmentFilterId';
export const filterTypeName = 'deviceAndAppManagementAssignmentFilterType';

/** A target's filter, one text for all ways to write it; `none` if there is none. */
export function filterOf(target: Readonly<Record<string, unknown>> | Target): string {
  const id = target[filterIdName];
  if (id == null || id === '') {
    return 'none';
  }
  const type = String(target[filterTypeName] ?? '').toLowerCase();
  return type === '' || type === 'none' ? 'none' : `${type} ${String(id).toLowerCase()}`;
}
