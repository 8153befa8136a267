/**
 * Finds the input field that a refusal of Graph is about, by the names that its message puts in quotation marks.
 *
 * The wire body has the input's names and list positions down to the targets, so a name or a value that is found
 * there gives the path; inside a target, whose wire form differs, it ends at the target. Undefined where no name is
 * found, or where the first that is found stands in several places.
 */
export function locateInput(
  body: object,
  quotedNames: readonly string[],
): readonly string[] | undefined {
  for (const name of quotedNames) {
    const paths = new Map(findPaths(body, name, ['input']).map((path) => [path.join('/'), path]));
    if (paths.size > 0) {
      return paths.size === 1 ? [...paths.values()][0] : undefined;
    }
  }
  return undefined;
}

function findPaths(node: unknown, name: string, path: readonly string[]): (readonly string[])[] {
  if (typeof node !== 'object' || node === null) {
    return [];
  }
  const isTarget = path.at(-1) === 'target';
  return Object.entries(node).flatMap(([key, value]) => {
    const here = isTarget ? path : [...path, key];
    const isMatch = key === name || value === name;
    return isMatch ? [here] : findPaths(value, name, here);
  });
}
