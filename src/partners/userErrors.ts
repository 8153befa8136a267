import type { UserError, UserErrorCode } from '../generated/graphql.ts';
import { type GraphErrorCode, isGraphError } from '../graph/errors.ts';
import type { PartnerResource } from '../graph/types.ts';
import type { RequestContext } from './context.ts';
import { toGatewayError } from './errors.ts';
import { locateInput } from './inputRules.ts';
import type { InputProblem, PartnerModel } from './model.ts';
import { partnerFromWire } from './partnerMapping.ts';
import { revisionOf } from './revision.ts';

/** Says that there is no partner to work on. */
export const partnerNotFound: UserError = {
  code: 'NOT_FOUND',
  message: 'Microsoft Graph has no partner with this id.',
  field: ['input', 'id'],
};

/** Says that the partner is not as the user believes, or nothing if it is or if the user does not care. */
export function findRevisionConflict(
  partner: PartnerResource,
  ifRevision: string | null | undefined,
): UserError | undefined {
  if (ifRevision == null || ifRevision === revisionOf(partner)) {
    return undefined;
  }
  return {
    code: 'CONFLICT',
    message:
      'The partner changed since this revision, so nothing was written. Read its current values and try again.',
    field: ['input', 'ifRevision'],
  };
}

/** Gives the user errors of what was found before anything was sent. */
export function userErrorsOf(problems: readonly InputProblem[]): UserError[] {
  return problems.map(({ path, message }) => ({
    code: 'BAD_USER_INPUT',
    message,
    field: [...path],
  }));
}

/**
 * Gives the user errors of Graph's own refusal of what was sent. Where Graph's words name no field of it, `field` does.
 * @throws GatewayError for a failure that the caller cannot fix.
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

/**
 * Reads once what a change collided with, if it was Graph itself that said so. Null for every other error, and where
 * the partner cannot be read: the conflict is what the user has to know, and that read's own failure is logged.
 */
export async function partnerInConflict(
  error: unknown,
  id: string,
  { graph, call }: Pick<RequestContext, 'graph' | 'call'>,
): Promise<PartnerModel | null> {
  if (!isGraphError(error) || error.code !== 'conflict' || error.mayHaveBeenApplied) {
    return null;
  }
  const current = await graph.get(id, call).catch(() => undefined);
  return current === undefined ? null : partnerFromWire(current);
}
