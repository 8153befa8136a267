import type { ComplianceManagementPartnerAssignmentInput } from '../generated/graphql.ts';
import type { AssignmentResource, NewAssignmentResource } from '../graph/types.ts';
import { assignmentTargetFromWire, assignmentTargetToWire } from '../mapping/assignmentTarget.ts';
import type { AssignmentModel } from './model.ts';

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
