import { digestOf } from '../../shared/secret.ts';
import { instantKeyOf } from '../dateTimeOffset.ts';
import type { PartnerModel } from '../model.ts';

/** Works something out for each row once, when it is first asked for. Rows belong to one operation, and so does this. */
function oncePerRow<Value>(make: (row: PartnerModel) => Value): (row: PartnerModel) => Value {
  const known = new WeakMap<PartnerModel, { readonly value: Value }>();
  return (row) => {
    let kept = known.get(row);
    if (kept === undefined) {
      kept = { value: make(row) };
      known.set(row, kept);
    }
    return kept.value;
  };
}

/** In bytes of UTF-8, of which a character outside ASCII has three for each of its units at most. */
const maximumIdKey = 48;
const maximumNameKey = 128;

/** Stands for the id in cursors and comparisons: the id itself unless it is unusually long. */
export const idKeyOf = oncePerRow(({ id }) =>
  boundText(id, onlyAscii.test(id) ? maximumIdKey : maximumIdKey / 3),
);

export const foldedNameOf = oncePerRow(({ displayName }) =>
  displayName === null ? null : normalizeForComparison(displayName),
);

export const nameKeyOf = oncePerRow(({ displayName }) =>
  displayName === null ? null : boundText(displayName, maximumNameKey),
);

export const heartbeatKeyOf = oncePerRow(({ lastHeartbeatDateTime }) =>
  instantKeyOf(lastHeartbeatDateTime ?? ''),
);

/** With so many characters of a digest, no two texts are taken for one. */
const digestLength = 16;

/**
 * Gives the text, or the start of a longer one with a digest of the whole: never more than `maximum` UTF-16 units, the
 * same on every replica, and equal only for equal texts. It has no half of a surrogate pair, so that UTF-8 can carry it.
 */
function boundText(text: string, maximum: number): string {
  if (text.length <= maximum) {
    return text.isWellFormed() ? text : text.toWellFormed();
  }
  const start = text.slice(0, maximum - digestLength).toWellFormed();
  return start + digestOf(text).slice(0, digestLength);
}

/** How many characters of a text are compared; Microsoft's own names are shorter. */
export const comparedLength = 256;

const onlyAscii = /^[\0-\x7f]*$/;

/**
 * More than 30 marks in a row, the bound of Unicode's stream-safe text format (UAX #15, UAX15-D4): sorting them takes
 * time that grows with their square. The two halfwidth sound marks are letters that NFKC turns into marks.
 */
const marksBeyondBound = /[\p{M}\uff9e\uff9f]{30}(?=[\p{M}\uff9e\uff9f])/gu;
const combiningGraphemeJoiner = '\u034f';

/**
 * Gives the form in which texts are compared: the same for upper and lower case (`Straße`, `STRASSE` and `STRAẞE`, the
 * two small sigmas) and for the different Unicode spellings of one character. No locale has a say in it. Takes time
 * that grows with the text up to `comparedLength`, and none for what is behind that.
 */
export function normalizeForComparison(text: string): string {
  const compared = text.slice(0, comparedLength);
  if (onlyAscii.test(compared)) {
    return compared.toLowerCase();
  }
  const spelled = compared
    .replace(marksBeyondBound, `$&${combiningGraphemeJoiner}`)
    .normalize('NFKC')
    .slice(0, comparedLength);
  // The capital sharp s is upper case already; only its small form becomes two letters there.
  const alike = spelled.toLowerCase().toUpperCase().toLowerCase();
  return alike.replaceAll('ς', 'σ').normalize('NFKC').slice(0, comparedLength);
}
