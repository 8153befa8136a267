import type { AssignmentSource } from '../graph/partnerSource.ts';
import type { AssignmentTargetResource, NewAssignmentTargetResource } from '../graph/resource.ts';

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

/** Plans to remove a target: all entries with it, or, where the filter counts, those with the same filter. */
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

/** Graph tells targets apart by type and identity; it takes ids in any case and types with and without `#`. */
function hasTarget({ assignment }: AssignmentSource, target: NewAssignmentTargetResource): boolean {
  const wire = assignment?.target;
  return wire != null && identityOf(wire) === identityOf(target);
}

function identityOf(target: AssignmentTargetResource | NewAssignmentTargetResource): string {
  const type = (target['@odata.type'] ?? '').replace(/^#?microsoft\.graph\./i, '').toLowerCase();
  const ids = [target.groupId, target.collectionId].map((id) =>
    typeof id === 'string' ? id.toLowerCase() : (id ?? null),
  );
  return JSON.stringify([type, ...ids]);
}

function hasFilter({ assignment }: AssignmentSource, target: NewAssignmentTargetResource): boolean {
  return filterOf(assignment?.target ?? {}) === filterOf(target);
}

/** Graph has several ways to say that there is no filter. */
function filterOf(target: AssignmentTargetResource | NewAssignmentTargetResource): string {
  const id = target.deviceAndAppManagementAssignmentFilterId;
  const type = target.deviceAndAppManagementAssignmentFilterType;
  const isNone = id == null || type == null || type === 'none';
  return isNone ? 'none' : `${type} ${id}`.toLowerCase();
}
