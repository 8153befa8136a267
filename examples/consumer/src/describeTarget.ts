import type { TargetFragment } from './gql/graphql.js';

/** Says whom an assignment is for. The last case is for types that a later gateway may add. */
export function describeTarget(target: TargetFragment | null): string {
  if (target === null) {
    return 'no target';
  }
  const filter = target.filter === null ? '' : ` (${target.filter.type} ${target.filter.id})`;
  return describeType(target) + filter;
}

function describeType(target: TargetFragment): string {
  switch (target.__typename) {
    case 'AllLicensedUsersAssignmentTarget':
      return 'all licensed users';
    case 'AllDevicesAssignmentTarget':
      return 'all devices';
    case 'GroupAssignmentTarget':
      return `the group ${target.groupId}`;
    case 'ExclusionGroupAssignmentTarget':
      return `all but the group ${target.groupId}`;
    case 'ConfigurationManagerCollectionAssignmentTarget':
      return `the collection ${target.collectionId}`;
    case 'UnrecognizedAssignmentTarget':
      return `${target.odataType} with ${JSON.stringify(target.properties)}`;
    default:
      return 'a target of a type that this program does not know';
  }
}
