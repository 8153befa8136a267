import type { InputProblem } from '../mapping/inputProblem.ts';

/** Null means something for these two only; for all else it is unclear whether "no value" or "no condition" is meant. */
const nullable = /^(partnerState|displayName)\.eq$/;
const maximumDepth = 32;

/**
 * Finds the first thing in a filter that has no meaning: a null where none is defined, or nesting that nobody writes
 * by hand. Its path begins at the argument.
 */
export function findFilterProblem(
  filter: object,
  path: readonly string[] = ['filter'],
  depth = 1,
): InputProblem | undefined {
  if (depth > maximumDepth) {
    return { path, message: `Filters can be nested ${maximumDepth} deep at the most.` };
  }
  for (const [name, value] of Object.entries(filter)) {
    const here = [...path, name];
    if (value === null && !nullable.test(here.slice(-2).join('.'))) {
      const message = `${here.join('.')} is null, which has no meaning; leave it out for no condition.`;
      return { path: here, message };
    }
    const isNested = typeof value === 'object' && value !== null;
    const problem = isNested ? findFilterProblem(value, here, depth + 1) : undefined;
    if (problem !== undefined) {
      return problem;
    }
  }
  return undefined;
}
