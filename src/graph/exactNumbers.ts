/** A number that may need more digits, or a larger exponent, than a double has: rare, and cheap to rule out. */
const riskyNumber = /[:,[]\s*-?\d(?:[\d.]{15}|[\d.]*[eE])/;
/** Strings are stepped over, so that nothing inside them is taken for a number. */
const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d[\d.]*(?:[eE][+-]?\d+)?/gs;

/**
 * Gives what was parsed from a valid JSON text, but each number as its text where a double is another number: Graph's
 * Edm.Int64 and Edm.Decimal have more digits.
 */
export function withExactNumbers(text: string, parsed: unknown): unknown {
  if (!riskyNumber.test(text)) {
    return parsed;
  }
  const quoted = text.replace(stringOrNumber, (token) =>
    token.startsWith('"') || isExact(token) ? token : `"${token}"`,
  );
  return JSON.parse(quoted);
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
  const significant = digits.replace(/^0+/, '').replace(/0+$/, '');
  if (significant === '') {
    return '0';
  }
  const trailing = digits.length - digits.replace(/0+$/, '').length;
  return `${sign}${significant}e${Number(exponent) - fraction.length + trailing}`;
}
