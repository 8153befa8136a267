import type { PartnerResource } from '../../graph/types.ts';
import { digestOf } from '../../shared/secret.ts';
import { instantKeyOf } from '../dateTimeOffset.ts';

/** What filters, orders and cursors want to know of a row, each worked out once, when it is first asked for. */
interface RowValues {
  /** Stands for the id in cursors and comparisons: the id itself unless it is unusually long. */
  readonly idKey: string;
  readonly foldedName: string | null;
  readonly nameKey: string | null;
  readonly instantKey: string | undefined;
}

/** In bytes of UTF-8, of which a character outside ASCII has three for each of its units at most. */
const maximumIdKey = 48;
const maximumNameKey = 128;

class LazyRowValues implements RowValues {
  readonly #row: PartnerResource;
  #idKey: string | undefined;
  #foldedName: string | null | undefined;
  #nameKey: string | null | undefined;
  #instantKey: string | null | undefined;

  constructor(row: PartnerResource) {
    this.#row = row;
  }

  get idKey(): string {
    const { id } = this.#row;
    this.#idKey ??= boundText(id, onlyAscii.test(id) ? maximumIdKey : maximumIdKey / 3);
    return this.#idKey;
  }

  get foldedName(): string | null {
    if (this.#foldedName === undefined) {
      const { displayName } = this.#row;
      this.#foldedName = displayName == null ? null : normalizeForComparison(displayName);
    }
    return this.#foldedName;
  }

  get nameKey(): string | null {
    if (this.#nameKey === undefined) {
      const { displayName } = this.#row;
      this.#nameKey = displayName == null ? null : boundText(displayName, maximumNameKey);
    }
    return this.#nameKey;
  }

  get instantKey(): string | undefined {
    if (this.#instantKey === undefined) {
      this.#instantKey = instantKeyOf(this.#row.lastHeartbeatDateTime ?? '') ?? null;
    }
    return this.#instantKey ?? undefined;
  }
}

/** Rows belong to one operation, so what is known of them goes with them. */
const known = new WeakMap<PartnerResource, RowValues>();

/** Gives what is known of a row. */
export function valuesOf(row: PartnerResource): RowValues {
  let values = known.get(row);
  if (values === undefined) {
    values = new LazyRowValues(row);
    known.set(row, values);
  }
  return values;
}

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
