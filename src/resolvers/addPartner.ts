import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql';
import type { MutationResolvers } from '../generated/resolvers.ts';
import { type GraphError, isGraphError } from '../graph/errors.ts';
import { findNewPartnerProblems } from '../mapping/newPartnerProblems.ts';
import { letIn } from '../partners/authorize.ts';
import type { Notice } from '../partners/context.ts';
import { newPartnerToWire, partnerFromWire } from '../partners/partnerMapping.ts';
import { lookForAdded } from '../partners/unclearAdd.ts';
import { hasOtherId } from './checkAddedId.ts';
import { partnerInConflict } from './partnerInConflict.ts';
import { graphExtensionOf } from './toGatewayError.ts';
import { userErrorsOf } from './userErrorsOf.ts';
import { userErrorsOrThrow } from './userErrorsOrThrow.ts';

/** Checks, maps, posts once, maps back; looks once where the answer leaves the outcome in doubt. */
export const addPartner: Required<MutationResolvers>['addComplianceManagementPartner'] = async (
  _parent,
  { input },
  context,
  info,
) => {
  await letIn(context, 'WRITE');
  const problems = findNewPartnerProblems(input, context.apiVersion);
  if (problems.length > 0) {
    return { complianceManagementPartner: null, userErrors: userErrorsOf(problems) };
  }
  const newPartner = newPartnerToWire(input);
  try {
    const partner = await context.graph.add(newPartner, context.call);
    if (hasOtherId(newPartner, partner)) {
      context.notices.push(assignedIdNotice(info));
    }
    return { complianceManagementPartner: partnerFromWire(partner), userErrors: [] };
  } catch (error) {
    if (isGraphError(error) && error.mayHaveBeenApplied) {
      const found = await lookForAdded(newPartner, context);
      if (found !== undefined) {
        context.notices.push(foundNotice(error, info));
        return { complianceManagementPartner: partnerFromWire(found), userErrors: [] };
      }
    }
    const isOwnIdTaken = input.id != null && isGraphError(error) && error.code === 'conflict';
    const field = isOwnIdTaken ? ['input', 'id'] : null;
    const userErrors = userErrorsOrThrow(error, newPartner, field);
    return {
      // Only an id of the caller's own says with what it collided.
      complianceManagementPartner:
        input.id == null ? null : await partnerInConflict(error, input.id, context),
      userErrors,
    };
  }
};

function assignedIdNotice(info: GraphQLResolveInfo): Notice {
  return {
    code: 'ID_ASSIGNED_BY_GRAPH',
    message:
      'Microsoft Graph added the partner under an id of its own instead of the one in the input. All else is as it was sent.',
    path: responsePathAsArray(info.path),
  };
}

function foundNotice(error: GraphError, info: GraphQLResolveInfo): Notice {
  return {
    code: 'FOUND_AFTER_UNCLEAR_ANSWER',
    message:
      `${error.message} The gateway then looked once and found exactly one partner with everything that was sent, ` +
      'which it had not seen before: this one. It was found, not answered, and nothing was sent again.',
    path: responsePathAsArray(info.path),
    ...graphExtensionOf(error),
  };
}
