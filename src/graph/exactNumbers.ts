import { endOfString } from '../shared/json.ts';

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
  for (;;) {
    const step = steps.next();
    if (step.done === true) {
      return step.value;
    }
  }
}

/** The same in steps, with a pause after each. */
export async function withExactNumbersInSteps(
  text: string,
  parsed: unknown,
  pause: () => Promise<void>,
): Promise<unknown> {
  const steps = exactly(text, parsed);
  for (;;) {
    const step = steps.next();
    if (step.done === true) {
      return step.value;
    }
    await pause();
  }
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
export function isExact(token: string): boolean {
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
  const found: InexactNumber[] = [];
  const exact = withExactNumbers(text, parsed);
  const compare = (one: unknown, other: unknown, path: readonly string[]): void => {
    if (typeof one === 'number') {
      if (typeof other === 'string' || /e/.test(String(one))) {
        found.push({ path, text: String(other) });
      }
    } else if (isDeep(one) && isDeep(other)) {
      for (const [key, member] of Object.entries(one)) {
        compare(member, Reflect.get(other, key), [...path, key]);
      }
    }
  };
  if (riskyNumber.test(text)) {
    compare(parsed, exact, []);
  }
  return found;
}

function isDeep(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
