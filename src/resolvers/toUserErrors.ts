import type { UserError, UserErrorCode } from '../generated/graphql.ts';
import { type GraphErrorCode, isGraphError } from '../graph/errors.ts';
import type { InputProblem } from '../mapping/inputProblem.ts';
import { locateInput } from '../mapping/locateInput.ts';

/** Gives the user errors of what was found before anything was sent. */
export function userErrorsOf(problems: readonly InputProblem[]): UserError[] {
  return problems.map(({ path, message }) => ({
    code: 'BAD_USER_INPUT',
    message,
    field: [...path],
  }));
}

/**
 * Gives the user errors of Graph's own refusal of what was sent, or undefined for a failure that the user of the
 * input cannot mend.
 */
export function toUserErrors(error: unknown, sent: object): UserError[] | undefined {
  if (!isGraphError(error) || error.mayHaveBeenApplied) {
    return undefined;
  }
  const code = userErrorCodeOf(error.code);
  if (code === undefined) {
    return undefined;
  }
  const field = locateInput(sent, error.details.quotedNames ?? []);
  return [{ code, message: error.message, field: field ? [...field] : null }];
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
