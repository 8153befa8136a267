import type { AssignmentTargetInput } from '../generated/graphql.ts';
import type { MutationResolvers } from '../generated/resolvers.ts';
import { assignmentTargetToWire } from '../mapping/assignmentTarget.ts';
import { addPartner } from '../resolvers/addPartner.ts';
import { deletePartner } from '../resolvers/deletePartner.ts';
import { updatePartner } from '../resolvers/updatePartner.ts';
import { assignmentToWire } from './assignmentMapping.ts';
import { planAddition, planRemoval } from './assignmentPlan.ts';
import { changeAssignment } from './changeAssignment.ts';

export const Mutation: MutationResolvers = {
  addComplianceManagementPartner: addPartner,
  updateComplianceManagementPartner: updatePartner,
  deleteComplianceManagementPartner: deletePartner,

  addEnrollmentAssignment(_parent, { input }, context, info) {
    const target = assignmentTargetToWire(input.target);
    const newEntry = JSON.stringify(assignmentToWire({ target: input.target }));
    return changeAssignment(
      input,
      (entries) => planAddition(entries, target, newEntry),
      context,
      info,
    );
  },

  removeEnrollmentAssignment(_parent, { input }, context, info) {
    const target = assignmentTargetToWire(input.target);
    const isFilterCounted = isFilterGiven(input.target);
    return changeAssignment(
      input,
      (entries) => planRemoval(entries, target, isFilterCounted),
      context,
      info,
    );
  },
};

function isFilterGiven(target: AssignmentTargetInput): boolean {
  return Object.values(target).some((value) => value?.filter != null);
}
