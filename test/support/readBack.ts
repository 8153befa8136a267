import type {
  AddComplianceManagementPartnerInput,
  AssignmentTargetInput,
} from '../../src/generated/graphql.ts';

const typenames = {
  allLicensedUsers: 'AllLicensedUsersAssignmentTarget',
  allDevices: 'AllDevicesAssignmentTarget',
  group: 'GroupAssignmentTarget',
  exclusionGroup: 'ExclusionGroupAssignmentTarget',
  configurationManagerCollection: 'ConfigurationManagerCollectionAssignmentTarget',
} as const;

/** What an answer must hold of an input, written down without the mapping's help. */
export function readBack(input: AddComplianceManagementPartnerInput): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(input).map(([name, value]) => [
      name,
      Array.isArray(value)
        ? value.map(({ target }) => ({ target: target ? readBackTarget(target) : null }))
        : value,
    ]),
  );
}

function readBackTarget(target: AssignmentTargetInput): Record<string, unknown> {
  const [key, value] = Object.entries(target)[0] ?? [];
  return {
    __typename: typenames[key as keyof typeof typenames],
    ...value,
    filter: value?.filter ?? null,
  };
}
