import type {
  ComplianceManagementPartnerOrder,
  ComplianceManagementPartnerOrderField,
  PartnerState,
} from '../../generated/graphql.ts';
import { knownPartnerStates, type PartnerModel } from '../model.ts';
import { heartbeatKeyOf, idKeyOf, nameKeyOf } from './rowValues.ts';

/** A value that is too long for a cursor: its first characters, and a digest of all. */
export interface CutText {
  readonly start: string;
  readonly digest: string;
}

/** What a row is ordered by: one value for each key, then its id. Only a place that a cursor carried has cut values. */
export interface OrderPlace {
  readonly values: readonly (string | CutText | null)[];
  readonly id: string;
}

/** The place of a row that is there. */
export interface RowPlace extends OrderPlace {
  readonly values: readonly (string | null)[];
}

/** Where a place with cut values is taken to be: before or behind all rows whose values begin like them. */
type PlaceEdge = 'first' | 'last';

/** One thing that rows can be ordered by. Rows without a value come last in both directions. */
export interface OrderColumn {
  /** One letter, for the signatures of orders. */
  readonly sign: string;
  readonly valueOf: (row: PartnerModel) => string | null;
  readonly compare: (left: string, right: string) => number;
}

/** A column and the direction in which it is looked at. */
interface OrderKey {
  readonly column: OrderColumn;
  readonly direction: 1 | -1;
}

/** An order of rows in which no two places are alike. */
export interface PartnerOrder {
  /** Stands in cursors, so that one of another order is noticed. */
  readonly signature: string;
  readonly keys: readonly OrderKey[];
  placeOf(row: PartnerModel): RowPlace;
  /** `edge` counts for places with cut values only. */
  compare(left: RowPlace, right: OrderPlace, edge?: PlaceEdge): number;
}

// English is the root of Unicode's collation; the machine's own locale must have no say.
const collator = new Intl.Collator('en', { sensitivity: 'variant', caseFirst: 'false' });

function byCharacters(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

const columns: Readonly<Record<ComplianceManagementPartnerOrderField, OrderColumn>> = {
  DISPLAY_NAME: {
    sign: 'n',
    valueOf: nameKeyOf,
    compare: (left, right) => collator.compare(left, right),
  },
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
export const idColumn: OrderColumn = {
  sign: 'i',
  valueOf: idKeyOf,
  compare: byCharacters,
};

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
  edge: PlaceEdge,
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
