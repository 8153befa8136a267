import type { AssignmentTargetResource, NewAssignmentTargetResource } from '../graph/types.ts';

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
  const ids = [target.groupId, target.collectionId].map((id) =>
    typeof id === 'string' ? id.toLowerCase() : (id ?? null),
  );
  return JSON.stringify([typeNameOf(target['@odata.type']), ...ids]);
}

/** A type's name without `#`, namespace and case; empty where there is none. */
export function typeNameOf(type: unknown): string {
  return typeof type === 'string' ? type.replace(/^#?microsoft\.graph\./i, '').toLowerCase() : '';
}

export const filterIdName = 'deviceAndAppManagementAssignmentFilterId';
export const filterTypeName = 'deviceAndAppManagementAssignmentFilterType';

/** A target's filter, one text for all ways to write it; `none` where there is none. */
export function filterOf(target: Readonly<Record<string, unknown>> | Target): string {
  const id = target[filterIdName];
  if (id == null || id === '') {
    return 'none';
  }
  const type = String(target[filterTypeName] ?? '').toLowerCase();
  return type === '' || type === 'none' ? 'none' : `${type} ${String(id).toLowerCase()}`;
}
