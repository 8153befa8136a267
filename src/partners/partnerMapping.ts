import type { AddComplianceManagementPartnerInput, PartnerState } from '../generated/graphql.ts';
import type { NewPartnerResource, PartnerChanges, PartnerResource } from '../graph/types.ts';
import { assignmentsFromWire, assignmentsToWire } from './assignmentMapping.ts';
import type { WritableInput } from './inputRules.ts';
import {
  type PartnerModel,
  partnerStateFromWire,
  partnerStateToWire,
  platformsOfPartner,
} from './model.ts';
import { revisionOf } from './revision.ts';

/** Gives the schema's partner. What Graph left out reads null; nothing that Graph may write makes this throw. */
export function partnerFromWire(wire: PartnerResource): PartnerModel {
  const partner: PartnerModel = {
    id: wire.id,
    displayName: wire.displayName ?? null,
    partnerState: wire.partnerState == null ? null : partnerStateFromWire(wire.partnerState),
    lastHeartbeatDateTime: wire.lastHeartbeatDateTime ?? null,
    macOsOnboarded: wire.macOsOnboarded ?? null,
    windowsOnboarded: wire.windowsOnboarded ?? null,
    androidOnboarded: wire.androidOnboarded ?? null,
    iosOnboarded: wire.iosOnboarded ?? null,
    linuxOnboarded: wire.linuxOnboarded ?? null,
    macOsEnrollmentAssignments: assignmentsFromWire(wire.macOsEnrollmentAssignments),
    windowsEnrollmentAssignments: assignmentsFromWire(wire.windowsEnrollmentAssignments),
    androidEnrollmentAssignments: assignmentsFromWire(wire.androidEnrollmentAssignments),
    iosEnrollmentAssignments: assignmentsFromWire(wire.iosEnrollmentAssignments),
    linuxEnrollmentAssignments: assignmentsFromWire(wire.linuxEnrollmentAssignments),
    revision: () => knownRevisionOf(wire),
    wire,
    platforms: (args) => platformsOfPartner(partner, args),
  };
  return partner;
}

/** Rows belong to one operation, and aliases ask several times. */
const revisions = new WeakMap<PartnerResource, string>();

function knownRevisionOf(partner: PartnerResource): string {
  const revision = revisions.get(partner) ?? revisionOf(partner);
  revisions.set(partner, revision);
  return revision;
}

/** Gives the body of an add, in the reference page's order. A field that is absent is left out, and so is an id of null. */
export function newPartnerToWire(input: AddComplianceManagementPartnerInput): NewPartnerResource {
  return {
    '@odata.type': '#microsoft.graph.complianceManagementPartner',
    ...(input.id != null && { id: input.id }),
    ...partnerChangesToWire(input),
    displayName: input.displayName,
  };
}

/**
 * Gives the body of an update: a field that is absent is left out, a list of null is emptied. Null in any other field was
 * rejected before, because none of these properties is nullable in Graph.
 */
export function partnerChangesToWire(input: WritableInput): PartnerChanges {
  return {
    ...given(input.lastHeartbeatDateTime, (lastHeartbeatDateTime) => ({ lastHeartbeatDateTime })),
    ...given(input.partnerState, stateProperty),
    ...given(input.displayName, (displayName) => ({ displayName })),
    ...given(input.macOsOnboarded, (macOsOnboarded) => ({ macOsOnboarded })),
    ...given(input.windowsOnboarded, (windowsOnboarded) => ({ windowsOnboarded })),
    ...given(input.androidOnboarded, (androidOnboarded) => ({ androidOnboarded })),
    ...given(input.iosOnboarded, (iosOnboarded) => ({ iosOnboarded })),
    ...given(input.linuxOnboarded, (linuxOnboarded) => ({ linuxOnboarded })),
    ...list(input.macOsEnrollmentAssignments, (macOsEnrollmentAssignments) => ({
      macOsEnrollmentAssignments,
    })),
    ...list(input.windowsEnrollmentAssignments, (windowsEnrollmentAssignments) => ({
      windowsEnrollmentAssignments,
    })),
    ...list(input.androidEnrollmentAssignments, (androidEnrollmentAssignments) => ({
      androidEnrollmentAssignments,
    })),
    ...list(input.iosEnrollmentAssignments, (iosEnrollmentAssignments) => ({
      iosEnrollmentAssignments,
    })),
    ...list(input.linuxEnrollmentAssignments, (linuxEnrollmentAssignments) => ({
      linuxEnrollmentAssignments,
    })),
  };
}

/** Nothing if the field is absent, else the properties made of its value. */
function given<Value, Properties extends object>(
  value: Value | null | undefined,
  toProperties: (value: Value) => Properties,
): Properties | undefined {
  if (value === null) {
    throw new TypeError('Null has no wire form here: check the input before mapping it');
  }
  return value === undefined ? undefined : toProperties(value);
}

type ListInput = WritableInput['iosEnrollmentAssignments'];

function list<Properties extends object>(
  value: ListInput,
  toProperties: (list: ReturnType<typeof assignmentsToWire>) => Properties,
): Properties | undefined {
  return value === undefined ? undefined : toProperties(assignmentsToWire(value));
}

function stateProperty(state: PartnerState): Pick<PartnerChanges, 'partnerState'> {
  const partnerState = partnerStateToWire(state);
  if (partnerState === undefined) {
    throw new TypeError('UNKNOWN_FUTURE_VALUE has no wire form: check the input before mapping it');
  }
  return { partnerState };
}
