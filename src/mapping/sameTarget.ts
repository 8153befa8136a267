import type { AssignmentTargetResource, NewAssignmentTargetResource } from '../graph/resource.ts';

type Target = AssignmentTargetResource | NewAssignmentTargetResource;

/** Whether Graph takes two targets for one: it goes by type and identity, ids in any case, types with or without `#`. */
export function hasSameIdentity(left: Target, right: Target): boolean {
  return identityOf(left) === identityOf(right);
}

/** Whether two targets are narrowed by the same filter, or both by none, for which Graph has several ways. */
export function hasSameFilter(left: Target, right: Target): boolean {
  return filterOf(left) === filterOf(right);
}

function identityOf(target: Target): string {
  const type = (target['@odata.type'] ?? '').replace(/^#?microsoft\.graph\./i, '').toLowerCase();
  const ids = [target.groupId, target.collectionId].map((id) =>
    typeof id === 'string' ? id.toLowerCase() : (id ?? null),
  );
  return JSON.stringify([type, ...ids]);
}

function filterOf(target: Target): string {
  const id = target.deviceAndAppManagementAssignmentFilterId;
  const type = String(target.deviceAndAppManagementAssignmentFilterType ?? 'none').toLowerCase();
  const isNone = id == null || id === '' || type === '' || type === 'none';
  return isNone ? 'none' : `${type} ${id}`.toLowerCase();
}
