import type { AssignmentSource } from '../graph/client.ts';
import type { NewAssignmentTargetResource } from '../graph/types.ts';
import { hasSameFilter, hasSameIdentity } from '../mapping/sameTarget.ts';

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

function hasTarget({ assignment }: AssignmentSource, target: NewAssignmentTargetResource): boolean {
  return assignment?.target != null && hasSameIdentity(assignment.target, target);
}

function hasFilter({ assignment }: AssignmentSource, target: NewAssignmentTargetResource): boolean {
  return hasSameFilter(assignment?.target ?? {}, target);
}
