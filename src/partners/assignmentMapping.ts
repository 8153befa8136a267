import type {
  AssignmentFilterInput,
  AssignmentTargetInput,
  ComplianceManagementPartnerAssignmentInput,
} from '../generated/graphql.ts';
import type {
  AssignmentResource,
  AssignmentTargetResource,
  NewAssignmentResource,
  NewAssignmentTargetResource,
} from '../graph/types.ts';
import type { AssignmentFilterModel, AssignmentModel, AssignmentTargetModel } from './model.ts';

/** Gives the schema's list; a null entry, which OData allows, reads as an assignment without a target. */
export function assignmentsFromWire(
  wire: readonly (AssignmentResource | null)[] | null | undefined,
): readonly AssignmentModel[] | null {
  return wire ? wire.map(assignmentFromWire) : null;
}

/** Gives the wire form of a list. Graph takes no null for a collection, so null is sent as an empty list. */
export function assignmentsToWire(
  inputs: readonly ComplianceManagementPartnerAssignmentInput[] | null,
): readonly NewAssignmentResource[] {
  return (inputs ?? []).map(assignmentToWire);
}

function assignmentFromWire(wire: AssignmentResource | null): AssignmentModel {
  return { target: wire?.target ? assignmentTargetFromWire(wire.target) : null };
}

/** Gives the wire form of one entry. A target that is absent or null is not sent. */
export function assignmentToWire(
  input: ComplianceManagementPartnerAssignmentInput,
): NewAssignmentResource {
  const odataType = '#microsoft.graph.complianceManagementPartnerAssignment';
  return {
    '@odata.type': odataType,
    ...(input.target && { target: assignmentTargetToWire(input.target) }),
  };
}

/** A type of target that the schema has. */
export type RecognizedTypename = Exclude<
  AssignmentTargetModel['__typename'],
  'UnrecognizedAssignmentTarget'
>;

const declaredType = '#microsoft.graph.deviceAndAppManagementAssignmentTarget';

/** The names that the schema's types have in Graph, without the namespace. */
export const wireNameByTypename = {
  AllLicensedUsersAssignmentTarget: 'allLicensedUsersAssignmentTarget',
  AllDevicesAssignmentTarget: 'allDevicesAssignmentTarget',
  GroupAssignmentTarget: 'groupAssignmentTarget',
  ExclusionGroupAssignmentTarget: 'exclusionGroupAssignmentTarget',
  ConfigurationManagerCollectionAssignmentTarget: 'configurationManagerCollectionAssignmentTarget',
} as const satisfies Readonly<Record<RecognizedTypename, string>>;

const typenameByWire: ReadonlyMap<string, RecognizedTypename> = new Map(
  (Object.keys(wireNameByTypename) as RecognizedTypename[]).map((typename) => [
    wireNameByTypename[typename].toLowerCase(),
    typename,
  ]),
);

/**
 * Gives the schema's target for any target that Graph may hold. The type's name is read with and without `#` and in
 * any case, as Microsoft's own pages write it; a type that the schema does not list keeps its name and all members. So
 * does a target with a kind of filter that the schema does not list: shown as one without a filter, it would seem to be
 * for more devices than it is.
 */
export function assignmentTargetFromWire(wire: AssignmentTargetResource): AssignmentTargetModel {
  const odataType = wire['@odata.type'] ?? declaredType;
  const filter = filterFromWire(wire);
  if (filter === 'unknown') {
    return unrecognized(wire, odataType, null);
  }
  const { groupId = null, collectionId = null } = wire;
  const name = odataType.replace(/^#?microsoft\.graph\./i, '').toLowerCase();
  const __typename = typenameByWire.get(name);
  switch (__typename) {
    case 'AllLicensedUsersAssignmentTarget':
    case 'AllDevicesAssignmentTarget':
      return { __typename, filter };
    case 'GroupAssignmentTarget':
    case 'ExclusionGroupAssignmentTarget':
      return isTextOrNull(groupId)
        ? { __typename, filter, groupId }
        : unrecognized(wire, odataType, filter);
    case 'ConfigurationManagerCollectionAssignmentTarget':
      return isTextOrNull(collectionId)
        ? { __typename, filter, collectionId }
        : unrecognized(wire, odataType, filter);
    case undefined:
      return unrecognized(wire, odataType, filter);
  }
}

function unrecognized(
  wire: AssignmentTargetResource,
  odataType: string,
  filter: AssignmentFilterModel | null,
): AssignmentTargetModel {
  const { '@odata.type': _type, ...properties } = wire;
  return { __typename: 'UnrecognizedAssignmentTarget', filter, odataType, properties };
}

/** The inside of a target is not checked when the answer is read: an unlisted type may hold anything. */
function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

/** Gives the wire form of a target. The type is always written, with `#`: the declared type is abstract. */
export function assignmentTargetToWire(input: AssignmentTargetInput): NewAssignmentTargetResource {
  if (input.allLicensedUsers) {
    return {
      '@odata.type': '#microsoft.graph.allLicensedUsersAssignmentTarget',
      ...filterToWire(input.allLicensedUsers.filter),
    };
  }
  if (input.allDevices) {
    return {
      '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget',
      ...filterToWire(input.allDevices.filter),
    };
  }
  if (input.group) {
    return {
      '@odata.type': '#microsoft.graph.groupAssignmentTarget',
      groupId: input.group.groupId,
      ...filterToWire(input.group.filter),
    };
  }
  if (input.exclusionGroup) {
    return {
      '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget',
      groupId: input.exclusionGroup.groupId,
      ...filterToWire(input.exclusionGroup.filter),
    };
  }
  return {
    '@odata.type': '#microsoft.graph.configurationManagerCollectionAssignmentTarget',
    collectionId: input.configurationManagerCollection.collectionId,
    ...filterToWire(input.configurationManagerCollection.filter),
  };
}

/** A filter of kind `none`, of no kind, or without an id reads as no filter. */
function filterFromWire(wire: AssignmentTargetResource): AssignmentFilterModel | null | 'unknown' {
  const {
    deviceAndAppManagementAssignmentFilterId: id,
    deviceAndAppManagementAssignmentFilterType: kind = null,
  } = wire;
  const name = typeof kind === 'string' ? kind.toLowerCase() : kind;
  if (name === null || name === 'none' || name === '') {
    return null;
  }
  if (name !== 'include' && name !== 'exclude') {
    return 'unknown';
  }
  if (typeof id !== 'string' || id === '') {
    return null;
  }
  return { id, type: name === 'include' ? 'INCLUDE' : 'EXCLUDE' };
}

/** `none` is never sent: Intune asks for the properties to be left out instead. */
function filterToWire(
  filter: AssignmentFilterInput | null | undefined,
): Partial<NewAssignmentTargetResource> {
  if (!filter) {
    return {};
  }
  return {
    deviceAndAppManagementAssignmentFilterId: filter.id,
    deviceAndAppManagementAssignmentFilterType: filter.type === 'INCLUDE' ? 'include' : 'exclude',
  };
}
