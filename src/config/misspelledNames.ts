import { type Environment, isServiceLink } from './readers.ts';

/** First words of names that no other program uses. */
const ownWords = /^(GRAPH|LIMIT|SHED|LIST|TRUSTED|DRAIN|EMULATOR)_/;
const fewestLetters = 8;
const mostEdits = 2;

/**
 * Finds variables that are set, that nothing reads, and whose name is nearly a known one. Only names that begin as
 * nothing but the gateway's do are judged.
 */
export function findMisspelledNames(
  environment: Environment,
  knownNames: ReadonlySet<string>,
): readonly string[] {
  return Object.entries(environment).flatMap(([name, value = '']) => {
    const isOurs = ownWords.test(name) && (name.match(/[A-Za-z]/g) ?? []).length >= fewestLetters;
    if (!isOurs || knownNames.has(name) || value.trim() === '' || isServiceLink(name, value)) {
      return [];
    }
    const known = nearestOf(name, knownNames);
    return known === undefined ? [] : [`${name} is unknown; is ${known} meant?`];
  });
}

function nearestOf(name: string, knownNames: ReadonlySet<string>): string | undefined {
  const near = [...knownNames]
    .filter((known) => Math.abs(known.length - name.length) <= mostEdits)
    .map((known) => ({ known, edits: editsBetween(name, known) }))
    .filter(({ edits }) => edits <= mostEdits)
    .sort((one, other) => one.edits - other.edits);
  return near[0]?.known;
}

/** Levenshtein's distance: letters added, dropped or replaced. */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (const [column, wanted] of [...other].entries()) {
      const [left = 0, above = 0, diagonal = 0] = [next[column], row[column + 1], row[column]];
      next.push(Math.min(left + 1, above + 1, diagonal + (letter === wanted ? 0 : 1)));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
