const whitespace: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const colon = 0x3a;
const backslash = 0x5c;

const maximumDepth = 32;

/**
 * Finds what is wrong with a JSON text that parses: it is nested deeper than anything of Graph's, or one of its objects
 * has two members of one name, which parsers resolve silently and not all alike. `value` is what the text was parsed
 * to: members in the text and members in the value are counted, because a second parser would cost more than the
 * whole answer.
 */
export function findJsonProblem(text: string, value: unknown): string | undefined {
  const members = countMembersOf(value);
  if (members === undefined) {
    return 'its JSON is nested too deeply';
  }
  return countNamesIn(text) === members ? undefined : 'its JSON has two members of one name';
}

/** In valid JSON a colon behind a string makes it a name, and nothing else does. */
function countNamesIn(text: string): number {
  let count = 0;
  for (let start = text.indexOf('"'); start !== -1; ) {
    let behind = endOfString(text, start);
    while (whitespace.has(text.charCodeAt(behind))) {
      behind += 1;
    }
    count += text.charCodeAt(behind) === colon ? 1 : 0;
    start = text.indexOf('"', behind);
  }
  return count;
}

/** The position behind the string that begins at `start`; `indexOf` is much faster than looking at each character. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) {
    end = text.indexOf('"', end + 1);
  }
  return end + 1;
}

/** Whether an odd number of backslashes stands before the position. */
function isEscaped(text: string, position: number): boolean {
  let before = position - 1;
  while (text.charCodeAt(before) === backslash) {
    before -= 1;
  }
  return (position - before) % 2 === 0;
}

/** Level by level and not by recursion, because nesting is the sender's to choose; undefined where it is too deep. */
function countMembersOf(value: unknown): number | undefined {
  let count = 0;
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maximumDepth) {
      return undefined;
    }
    const below: unknown[] = [];
    for (const node of level) {
      if (typeof node === 'object' && node !== null) {
        const members: readonly unknown[] = Object.values(node);
        count += Array.isArray(node) ? 0 : members.length;
        for (const member of members) {
          if (typeof member === 'object') {
            below.push(member);
          }
        }
      }
    }
    level = below;
  }
  return count;
}
