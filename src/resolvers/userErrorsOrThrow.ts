import type { UserError, UserErrorCode } from '../generated/graphql.ts';
import { type GraphErrorCode, isGraphError } from '../graph/errors.ts';
import { locateInput } from '../mapping/locateInput.ts';
import { partnerNotFound } from '../partners/userErrors.ts';
import { toGatewayError } from './toGatewayError.ts';

/**
 * Gives the user errors of Graph's own refusal of what was sent. Where Graph's words name no field of it, `field` does.
 * @throws GatewayError for a failure that the user of the input cannot mend.
 */
export function userErrorsOrThrow(
  error: unknown,
  sent: object,
  field: string[] | null = null,
): UserError[] {
  const code =
    isGraphError(error) && !error.mayHaveBeenApplied ? userErrorCodeOf(error.code) : undefined;
  if (!isGraphError(error) || code === undefined) {
    throw toGatewayError(error);
  }
  if (code === 'NOT_FOUND') {
    return [partnerNotFound];
  }
  const located = locateInput(sent, error.details.quotedNames ?? []);
  return [{ code, message: error.message, field: located ? [...located] : field }];
}

function userErrorCodeOf(code: GraphErrorCode): UserErrorCode | undefined {
  switch (code) {
    case 'invalidRequest':
      return 'BAD_USER_INPUT';
    case 'notFound':
      return 'NOT_FOUND';
    case 'conflict':
      return 'CONFLICT';
    default:
      return undefined;
  }
}
