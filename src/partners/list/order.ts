import type {
  ComplianceManagementPartnerOrder,
  ComplianceManagementPartnerOrderField,
  PartnerState,
} from '../../generated/graphql.ts';
import { forEachUnit, type LoopShare, sortInSlices } from '../../shared/loopShare.ts';
import { digestOf } from '../../shared/secret.ts';
import { instantKeyOf } from '../dateTimeOffset.ts';
import { knownPartnerStates, type PartnerModel } from '../model.ts';

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

const nameKeyOf = oncePerRow(({ displayName }) =>
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
    return text.toWellFormed();
  }
  const start = text.slice(0, maximum - digestLength).toWellFormed();
  return start + digestOf(text).slice(0, digestLength);
}

/** How many characters of a text are compared; Microsoft's own names are shorter. */
const comparedLength = 256;

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

/** A value that is too long for a cursor: its first characters, and a digest of all. */
interface CutText {
  readonly start: string;
  readonly digest: string;
}

/** What a row is ordered by: one value for each key, then its id. Only a place that a cursor carried has cut values. */
export interface OrderPlace<Value = string | CutText | null> {
  readonly values: readonly Value[];
  readonly id: string;
}

/** One thing that rows can be ordered by. Rows without a value come last in both directions. */
interface OrderColumn {
  /** One letter, for the signatures of orders. */
  readonly sign: string;
  readonly valueOf: (row: PartnerModel) => string | null;
  readonly compare: (left: string, right: string) => number;
}

interface OrderKey {
  readonly column: OrderColumn;
  readonly direction: 1 | -1;
}

/** An order of rows in which no two places are alike. */
export interface PartnerOrder {
  /** Stands in cursors, so that one of another order is noticed. */
  readonly signature: string;
  readonly keys: readonly OrderKey[];
  placeOf(row: PartnerModel): OrderPlace<string | null>;
  /** A place with cut values is before (`first`) or behind (`last`) all rows whose values begin like them. */
  compare(left: OrderPlace<string | null>, right: OrderPlace, edge?: 'first' | 'last'): number;
}

// English is the root of Unicode's collation; the machine's own locale must have no say.
const collator = new Intl.Collator('en', { sensitivity: 'variant', caseFirst: 'false' });

function byCharacters(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

const columns: Readonly<Record<ComplianceManagementPartnerOrderField, OrderColumn>> = {
  DISPLAY_NAME: { sign: 'n', valueOf: nameKeyOf, compare: collator.compare },
  PARTNER_STATE: {
    sign: 's',
    valueOf: ({ partnerState }) => rankOfState(partnerState),
    compare: byCharacters,
  },
  LAST_HEARTBEAT_DATE_TIME: {
    sign: 'h',
    valueOf: (row) => heartbeatKeyOf(row) ?? null,
    compare: byCharacters,
  },
};

/** Decides between rows that are alike in all keys. */
const idColumn: OrderColumn = { sign: 'i', valueOf: idKeyOf, compare: byCharacters };

/** The position in the enum, a digit; unlisted states come after all others. */
function rankOfState(state: PartnerState | null): string | null {
  if (state === null) {
    return null;
  }
  const { length } = knownPartnerStates;
  return String(state === 'UNKNOWN_FUTURE_VALUE' ? length : knownPartnerStates.indexOf(state));
}

/** Makes the order of the keys, the first key first; rows that are alike in all of them are ordered by id. */
export function createPartnerOrder(
  orderBy: readonly ComplianceManagementPartnerOrder[],
): PartnerOrder {
  const keys = orderBy.map(
    ({ field, direction }): OrderKey => ({
      column: columns[field],
      direction: direction === 'DESC' ? -1 : 1,
    }),
  );
  return {
    signature: keys
      .map(({ column, direction }) => column.sign + (direction < 0 ? '-' : '+'))
      .join(''),
    keys,
    placeOf: (row) => ({
      values: keys.map(({ column }) => column.valueOf(row)),
      id: idKeyOf(row),
    }),
    compare(left, right, edge = 'first') {
      for (const [index, key] of keys.entries()) {
        const [value, other] = [left.values[index] ?? null, right.values[index] ?? null];
        const result = compareValues(key, value, other, edge);
        if (result !== 0) {
          return result;
        }
      }
      return byCharacters(left.id, right.id);
    },
  };
}

/** Comes after every other character in Unicode's collation, and in the order of code units. */
const lastCharacter = '\uffff';

function compareValues(
  { column, direction }: OrderKey,
  value: string | null,
  other: string | CutText | null,
  edge: 'first' | 'last',
): number {
  if (value === null || other === null) {
    return Number(value === null) - Number(other === null);
  }
  if (typeof other === 'string') {
    return direction * column.compare(value, other);
  }
  const isLow = (edge === 'first') === direction > 0;
  const text = isLow ? other.start : other.start + lastCharacter;
  // No row has exactly the start for its value and stands at the place: what was cut is longer.
  return direction * (column.compare(value, text) || -1);
}

interface RankedValue {
  readonly index: number;
  readonly value: string;
}

/** Of rows without a value, which come last in both directions. */
const lastRank = 0x7fff_ffff;

/**
 * Sorts rows, each order once. Texts are compared once per column to give each row a rank in it, and all orders then
 * compare ranks: ten orders by name cost little more than one.
 */
export function createSorting(
  readAll: () => Promise<readonly PartnerModel[]>,
  share: LoopShare,
): (order: PartnerOrder) => Promise<readonly PartnerModel[]> {
  const ranks = new Map<OrderColumn, Promise<Int32Array>>();
  const orders = new Map<string, Promise<readonly PartnerModel[]>>();

  async function rank(column: OrderColumn): Promise<Int32Array> {
    const rows = await readAll();
    const ranked = new Int32Array(rows.length).fill(lastRank);
    const found: RankedValue[] = [];
    await forEachUnit(share, rows.length, (index) => {
      const value = column.valueOf(rows[index] as PartnerModel);
      if (value !== null) {
        found.push({ index, value });
      }
    });
    const compare = (left: RankedValue, right: RankedValue): number =>
      column.compare(left.value, right.value);
    const sorted = await sortInSlices(found, compare, share);
    let current = 0;
    await forEachUnit(share, sorted.length, (place) => {
      const entry = sorted[place] as RankedValue;
      current += compare(sorted[place - 1] ?? entry, entry) === 0 ? 0 : 1;
      ranked[entry.index] = current;
    });
    return ranked;
  }

  async function sort({ keys }: PartnerOrder): Promise<readonly PartnerModel[]> {
    const rows = await readAll();
    const compared: { readonly ranks: Int32Array; readonly direction: 1 | -1 }[] = [];
    for (const { column, direction } of [...keys, { column: idColumn, direction: 1 } as const]) {
      compared.push({ ranks: await once(ranks, column, () => rank(column)), direction });
    }
    const compare = (left: number, right: number): number => {
      for (const { ranks, direction } of compared) {
        const [one = lastRank, other = lastRank] = [ranks[left], ranks[right]];
        if (one !== other) {
          return one === lastRank || other === lastRank ? one - other : direction * (one - other);
        }
      }
      return 0;
    };
    const places = await sortInSlices([...rows.keys()], compare, share);
    return places.map((place) => rows[place] as PartnerModel);
  }

  return (order) => once(orders, order.signature, () => sort(order));
}

function once<Key, Result>(
  kept: Map<Key, Promise<Result>>,
  key: Key,
  make: () => Promise<Result>,
): Promise<Result> {
  const made = kept.get(key) ?? make();
  kept.set(key, made);
  return made;
}
