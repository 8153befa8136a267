import type { UserError } from '../generated/graphql.ts';
import type { InputProblem } from '../mapping/inputProblem.ts';

/** Gives the user errors of what was found before anything was sent. */
export function userErrorsOf(problems: readonly InputProblem[]): UserError[] {
  return problems.map(({ path, message }) => ({
    code: 'BAD_USER_INPUT',
    message,
    field: [...path],
  }));
}
