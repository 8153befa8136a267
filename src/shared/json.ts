import { isUtf8 } from 'node:buffer';

const whitespace: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const colon = 0x3a;
const backslash = 0x5c;

/** Nothing of Graph's, of an authority's or of a caller's is nested deeper. */
const usualJsonDepth = 32;

/** What can be wrong with a JSON text that parses, in words. */
export const jsonProblems = {
  'too-deep': 'its JSON is nested too deeply',
  'duplicate-keys': 'its JSON has two members of one name',
} as const;

/** Tells in words what is wrong with a JSON text that parses; `value` is what the text was parsed to. */
export function findJsonProblem(text: string, value: unknown): string | undefined {
  const { problem } = judgeJson(text, value);
  return problem && jsonProblems[problem];
}

/** What one walk over a JSON value finds. */
interface ValueCount {
  /** How many values there are, itself included. */
  values: number;
  members: number;
  depth: number;
  /** Whether there is a number anywhere. */
  hasNumbers: boolean;
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
  maximumDepth = usualJsonDepth,
): Omit<ValueCount, 'members'> & { readonly problem: keyof typeof jsonProblems | undefined } {
  const count: ValueCount = { values: 0, members: 0, depth: 0, hasNumbers: false };
  countValues(value, 1, maximumDepth, count);
  const { members, ...found } = count;
  if (found.depth > maximumDepth) {
    return { ...found, problem: 'too-deep' };
  }
  const hasDuplicates = countNamesSimply(text) !== members && countNamesIn(text) !== members;
  return { ...found, problem: hasDuplicates ? 'duplicate-keys' : undefined };
}

/**
 * Counts each `":` of a text in which no white space stands before a colon; undefined for any other text. That is never
 * less than the names there are, since an escaped quotation mark and a text that begins with a colon count as well.
 */
function countNamesSimply(text: string): number | undefined {
  if (/[ \t\n\r]:/.test(text)) {
    return undefined;
  }
  let count = 0;
  for (let at = text.indexOf('":'); at !== -1; at = text.indexOf('":', at + 2)) {
    count += 1;
  }
  return count;
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
  while (end !== -1 && isEscaped(text, end)) {
    end = text.indexOf('"', end + 1);
  }
  return end === -1 ? text.length : end + 1;
}

/** Whether an odd number of backslashes stands before the position. */
function isEscaped(text: string, position: number): boolean {
  let before = position - 1;
  while (text.charCodeAt(before) === backslash) {
    before -= 1;
  }
  return (position - before) % 2 === 0;
}

/** Goes down no further than one level too deep, so the sender's nesting cannot exhaust the stack. */
function countValues(value: unknown, depth: number, maximumDepth: number, count: ValueCount): void {
  count.values += 1;
  if (typeof value === 'number') {
    count.hasNumbers = true;
  }
  if (!isNested(value)) {
    return;
  }
  count.depth = Math.max(count.depth, depth);
  if (depth > maximumDepth) {
    return;
  }
  if (Array.isArray(value)) {
    for (const item of value) {
      countValues(item, depth + 1, maximumDepth, count);
    }
    return;
  }
  for (const name in value) {
    count.members += 1;
    countValues(Reflect.get(value, name), depth + 1, maximumDepth, count);
  }
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

/** Parses JSON, giving undefined if the text is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Parses JSON that has to be UTF-8 and the same to every reader; undefined if it is not. */
export function parseStrictJson(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  const value = isUtf8(bytes) ? parseJson(text) : undefined;
  return value !== undefined && findJsonProblem(text, value) === undefined ? value : undefined;
}

/** Whether a media type is JSON, or a type of its own that is written as JSON. */
export function isJsonType(contentType: string): boolean {
  return /^application\/([\w.-]+\+)?json\b/i.test(contentType);
}

export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A number that may need more digits, or a larger exponent, than a double has: rare, and cheap to rule out. */
const riskyNumber = /[:,[]\s*-?\d(?:[\d.]{15}|[\d.]*[eE])/;
/** Where a string begins, or a number. */
const quoteOrNumber = /"|-?\d[\d.]*(?:[eE][+-]?\d+)?/g;
/** How many strings and numbers are looked at in one step. */
const tokensInStep = 2000;

/**
 * Gives what was parsed from a valid JSON text, but each number as its text where a double is another number: Graph's
 * Edm.Int64 and Edm.Decimal have more digits.
 */
export function withExactNumbers(text: string, parsed: unknown): unknown {
  const steps = exactly(text, parsed);
  let step = steps.next();
  while (step.done !== true) {
    step = steps.next();
  }
  return step.value;
}

/** The same in steps, with a pause after each. */
export async function withExactNumbersInSteps(
  text: string,
  parsed: unknown,
  pause: () => Promise<void>,
): Promise<unknown> {
  const steps = exactly(text, parsed);
  let step = steps.next();
  while (step.done !== true) {
    await pause();
    step = steps.next();
  }
  return step.value;
}

function* exactly(text: string, parsed: unknown): Generator<undefined, unknown, undefined> {
  if (!riskyNumber.test(text)) {
    return parsed;
  }
  const parts: string[] = [];
  const tokens = new RegExp(quoteOrNumber);
  let copied = 0;
  let count = 0;
  for (let found = tokens.exec(text); found !== null; found = tokens.exec(text)) {
    const [token] = found;
    if (token === '"') {
      // Strings are stepped over, so that nothing inside them is taken for a number.
      tokens.lastIndex = endOfString(text, found.index);
    } else if (!isExact(token)) {
      parts.push(text.slice(copied, found.index), `"${token}"`);
      copied = tokens.lastIndex;
    }
    count += 1;
    if (count % tokensInStep === 0) {
      yield;
    }
  }
  if (copied === 0) {
    return parsed;
  }
  yield;
  return JSON.parse(parts.join('') + text.slice(copied));
}

/** Whether a double is the very number that a JSON number writes. */
function isExact(token: string): boolean {
  const number = Number(token);
  return Number.isFinite(number) && decimalOf(token) === decimalOf(String(number));
}

/** The same text for all ways to write one number: its digits without zeros around them, and its power of ten. */
function decimalOf(token: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(token) ?? [];
  const digits = `${whole}${fraction}`;
  let start = 0;
  while (digits[start] === '0') {
    start += 1;
  }
  // By hand: for each zero of many inside, a pattern would look at all that follow.
  let end = digits.length;
  while (end > start && digits[end - 1] === '0') {
    end -= 1;
  }
  if (start === end) {
    return '0';
  }
  const power = Number(exponent) - fraction.length + digits.length - end;
  return `${sign}${digits.slice(start, end)}e${power}`;
}

/** A number of a JSON text that is another one once it is parsed, or another text once it is written. */
export interface InexactNumber {
  /** The keys and indexes that lead to it. */
  readonly path: readonly string[];
  /** Its digits as they were sent. */
  readonly text: string;
}

/** Finds the numbers that a double does not hold, or writes with an exponent, in what was parsed from a valid JSON text. */
export function findInexactNumbers(text: string, parsed: unknown): readonly InexactNumber[] {
  if (!riskyNumber.test(text)) {
    return [];
  }
  const found: InexactNumber[] = [];
  const compare = (one: unknown, other: unknown, path: readonly string[]): void => {
    if (typeof one === 'number') {
      if (typeof other === 'string' || /e/.test(String(one))) {
        found.push({ path, text: String(other) });
      }
    } else if (isNested(one) && isNested(other)) {
      for (const [key, member] of Object.entries(one)) {
        compare(member, Reflect.get(other, key), [...path, key]);
      }
    }
  };
  compare(parsed, withExactNumbers(text, parsed), []);
  return found;
}

/**
 * Gives the source text of each member of the JSON object that a text is, by its name; of names that occur twice the
 * last one counts, as in `JSON.parse`. For what has to go back as it came: parsing and writing would change numbers
 * and escapes. The text must be valid JSON; undefined if it is no object.
 */
export function rawMembers(text: string): ReadonlyMap<string, string> | undefined {
  const entries = splitEntries(text, '{')?.map((entry): [string, string] => {
    const nameEnd = endOfValue(entry, 0);
    const value = entry.slice(entry.indexOf(':', nameEnd) + 1).trim();
    return [JSON.parse(entry.slice(0, nameEnd)), value];
  });
  return entries && new Map(entries);
}

/** Gives the source text of each item of the JSON array that a text is; undefined if it is none. */
export function rawItems(text: string): readonly string[] | undefined {
  return splitEntries(text, '[');
}

function splitEntries(source: string, opening: '{' | '['): readonly string[] | undefined {
  const text = source.trim();
  if (!text.startsWith(opening)) {
    return undefined;
  }
  const entries: string[] = [];
  let start = 1;
  for (let index = 1; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === ',' || index === text.length - 1) {
      entries.push(text.slice(start, index).trim());
      start = index + 1;
    } else if (/["[{]/.test(character)) {
      index = endOfValue(text, index) - 1;
    }
  }
  return entries.length === 1 && entries[0] === '' ? [] : entries;
}

/** The position behind the string, object or array that begins at `start`. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let index = start; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === '"') {
      index = endOfString(text, index) - 1;
    } else if (character === '{' || character === '[') {
      depth += 1;
    } else if (character === '}' || character === ']') {
      depth -= 1;
    }
    if (depth === 0) {
      return index + 1;
    }
  }
  return text.length;
}
