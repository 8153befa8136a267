import type { ComplianceManagementPartnerAssignmentInput } from '../generated/graphql.ts';
import type { AssignmentResource, NewAssignmentResource } from '../graph/resource.ts';
import { assignmentTargetFromWire, assignmentTargetToWire } from './assignmentTarget.ts';
import type { AssignmentModel } from './partnerModel.ts';

/** Gives the schema's list; a null entry, which OData allows, reads as an assignment without a target. */
export function assignmentsFromWire(
  wire: readonly (AssignmentResource | null)[] | null | undefined,
): readonly AssignmentModel[] | null {
  return wire ? wire.map(assignmentFromWire) : null;
}

/** Gives the wire form of a list: null stays null, an empty list stays an empty list. */
export function assignmentsToWire(
  inputs: readonly ComplianceManagementPartnerAssignmentInput[] | null,
): readonly NewAssignmentResource[] | null {
  return inputs === null ? null : inputs.map(assignmentToWire);
}

function assignmentFromWire(wire: AssignmentResource | null): AssignmentModel {
  return { target: wire?.target ? assignmentTargetFromWire(wire.target) : null };
}

/** Gives the wire form of one entry. A target that is absent is not sent, one that is null is sent as null. */
export function assignmentToWire(
  input: ComplianceManagementPartnerAssignmentInput,
): NewAssignmentResource {
  const odataType = '#microsoft.graph.complianceManagementPartnerAssignment';
  if (input.target === undefined) {
    return { '@odata.type': odataType };
  }
  return {
    '@odata.type': odataType,
    target: input.target === null ? null : assignmentTargetToWire(input.target),
  };
}
