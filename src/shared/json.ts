const whitespace: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const colon = 0x3a;
const backslash = 0x5c;

/** Nothing of Graph's, of an authority's or of a caller's is nested deeper. */
export const usualJsonDepth = 32;

/** What can be wrong with a JSON text that parses. */
export type JsonProblem = 'too-deep' | 'duplicate-keys';

const sentences: Readonly<Record<JsonProblem, string>> = {
  'too-deep': 'its JSON is nested too deeply',
  'duplicate-keys': 'its JSON has two members of one name',
};

/** Tells in words what is wrong with a JSON text that parses; `value` is what the text was parsed to. */
export function findJsonProblem(text: string, value: unknown): string | undefined {
  const { problem } = judgeJson(text, value, usualJsonDepth);
  return problem && sentences[problem];
}

/**
 * Finds how many objects and arrays stand inside each other, and what is wrong: more of them than `maximumDepth`, or an
 * object with two members of one name, which parsers resolve silently and not all alike. Where it is too deep, `depth`
 * is where counting ended. Members in the text and members in the value are counted, because a second parser would
 * cost more than all the rest.
 */
export function judgeJson(
  text: string,
  value: unknown,
  maximumDepth: number,
): { readonly depth: number; readonly problem: JsonProblem | undefined } {
  const { depth, members } = countMembersOf(value, maximumDepth);
  if (depth > maximumDepth) {
    return { depth, problem: 'too-deep' };
  }
  const hasDuplicates = countNamesIn(text) !== members;
  return { depth, problem: hasDuplicates ? 'duplicate-keys' : undefined };
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
export function endOfString(text: string, start: number): number {
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

/** Level by level and not by recursion, because nesting is the sender's to choose. */
function countMembersOf(
  value: unknown,
  maximumDepth: number,
): { readonly depth: number; readonly members: number } {
  let members = 0;
  let depth = 0;
  let level = isNested(value) ? [value] : [];
  while (level.length > 0 && depth <= maximumDepth) {
    depth += 1;
    const below: object[] = [];
    for (const node of level) {
      const values: readonly unknown[] = Object.values(node);
      members += Array.isArray(node) ? 0 : values.length;
      for (const member of values) {
        if (isNested(member)) {
          below.push(member);
        }
      }
    }
    level = below;
  }
  return { depth, members };
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

const quote = 0x22;
const comma = 0x2c;
const openingBracket = 0x5b;
const openingBrace = 0x7b;

/** Counts the values of a JSON text before it is parsed: never fewer than it has, and at most twice as many. */
export function countJsonValues(bytes: Uint8Array): number {
  let count = 1;
  let isInText = false;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index];
    if (isInText) {
      index += byte === backslash ? 1 : 0;
      isInText = byte !== quote;
    } else if (byte === quote) {
      isInText = true;
    } else if (byte === comma || byte === openingBracket || byte === openingBrace) {
      count += 1;
    }
  }
  return count;
}
