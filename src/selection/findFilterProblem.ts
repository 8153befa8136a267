import type { InputProblem } from '../partners/model.ts';

/** Null means something for these two only; for all else it is unclear whether "no value" or "no condition" is meant. */
const nullable = /^(partnerState|displayName)\.eq$/;

/**
 * Finds the first null in a filter that has no meaning. Its path begins at the argument. How deep a filter is and how
 * many conditions it has was bounded before.
 */
export function findFilterProblem(
  filter: object,
  path: readonly string[] = ['filter'],
): InputProblem | undefined {
  for (const [name, value] of Object.entries(filter)) {
    const here = [...path, name];
    if (value === null && !nullable.test(here.slice(-2).join('.'))) {
      const message = `${here.join('.')} is null, which has no meaning; leave it out for no condition.`;
      return { path: here, message };
    }
    const isNested = typeof value === 'object' && value !== null;
    const problem = isNested ? findFilterProblem(value, here) : undefined;
    if (problem !== undefined) {
      return problem;
    }
  }
  return undefined;
}
