import type {
  AddComplianceManagementPartnerInput,
  AssignmentFilterInput,
  AssignmentTargetInput,
  ComplianceManagementPartnerAssignmentInput,
  UpdateComplianceManagementPartnerInput,
} from '../generated/graphql.ts';
import type {
  NewAssignmentResource,
  NewAssignmentTargetResource,
  NewPartnerResource,
  PartnerChanges,
} from '../graph/types.ts';
import { wireByState, wirePlatforms } from './model.ts';

/** The properties that an add and an update have in common. */
type WritableInput = Omit<UpdateComplianceManagementPartnerInput, 'id' | 'ifRevision'>;

/** Gives the body of an add. A field that is absent is left out, and so is an id of null. */
export function newPartnerToWire(input: AddComplianceManagementPartnerInput): NewPartnerResource {
  return {
    '@odata.type': '#microsoft.graph.complianceManagementPartner',
    ...(input.id != null && { id: input.id }),
    ...partnerChangesToWire(input),
    displayName: input.displayName,
  };
}

/**
 * Gives the body of an update, in the reference page's order. A field that is absent is left out; a list of null is sent
 * empty, because Graph takes no null for a collection.
 * @throws TypeError for what has no wire form, which the check of the input rejects before.
 */
export function partnerChangesToWire(input: WritableInput): PartnerChanges {
  const { lastHeartbeatDateTime, partnerState, displayName } = input;
  if (partnerState === 'UNKNOWN_FUTURE_VALUE') {
    throw new TypeError('UNKNOWN_FUTURE_VALUE has no wire form: check the input before mapping it');
  }
  const changes: Record<string, unknown> = {
    lastHeartbeatDateTime,
    partnerState: partnerState && wireByState[partnerState],
    displayName,
  };
  for (const platform of wirePlatforms) {
    changes[`${platform}Onboarded`] = input[`${platform}Onboarded`];
  }
  for (const platform of wirePlatforms) {
    const list = input[`${platform}EnrollmentAssignments`];
    changes[`${platform}EnrollmentAssignments`] =
      list === undefined ? undefined : (list ?? []).map(assignmentToWire);
  }
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  if (given.some(([, value]) => value === null)) {
    throw new TypeError('Null has no wire form here: check the input before mapping it');
  }
  return Object.fromEntries(given);
}

/** Gives the wire form of one entry. A target that is absent or null is not sent. */
export function assignmentToWire({
  target,
}: ComplianceManagementPartnerAssignmentInput): NewAssignmentResource {
  const odataType = '#microsoft.graph.complianceManagementPartnerAssignment';
  return { '@odata.type': odataType, ...(target && { target: targetToWire(target) }) };
}

/**
 * Gives the wire form of a target. The type is always written, with `#`, because the declared type is abstract. A filter
 * of `none` is never sent: Intune asks for its properties to be left out instead.
 */
export function targetToWire(input: AssignmentTargetInput): NewAssignmentTargetResource {
  const [[kind, { filter, ...ids }]] = Object.entries(input).filter(([, value]) => value) as [
    [keyof AssignmentTargetInput, TargetInput],
  ];
  return {
    '@odata.type': `#microsoft.graph.${kind}AssignmentTarget`,
    ...ids,
    ...(filter && {
      deviceAndAppManagementAssignmentFilterId: filter.id,
      deviceAndAppManagementAssignmentFilterType: filter.type === 'INCLUDE' ? 'include' : 'exclude',
    }),
  };
}

/** The one member of a target in an input, which is named by its kind. */
type TargetInput = Pick<NewAssignmentTargetResource, 'groupId' | 'collectionId'> & {
  readonly filter?: AssignmentFilterInput | null;
};
