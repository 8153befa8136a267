import type {
  ComplianceManagementPartnerOrder,
  ComplianceManagementPartnerOrderField,
} from '../generated/graphql.ts';
import type { PartnerResource } from '../graph/resource.ts';
import { instantKeyOf } from '../mapping/instantKey.ts';
import { knownPartnerStates, partnerStateFromWire } from '../mapping/partnerState.ts';

/** What a row is ordered by: one value for each key, then its id. Plain JSON, because cursors carry it. */
export interface OrderPlace {
  readonly values: readonly (string | number | null)[];
  readonly id: string;
}

/** An order of rows in which no two places are alike. */
export interface PartnerOrder {
  /** Stands in cursors, so that one of another order is noticed. */
  readonly signature: string;
  placeOf(row: PartnerResource): OrderPlace;
  compare(left: OrderPlace, right: OrderPlace): number;
}

type Value = string | number | null;
type Compare = (left: Value, right: Value) => number;

// English is the root of Unicode's collation; the machine's own locale must have no say.
const collator = new Intl.Collator('en', { sensitivity: 'variant', caseFirst: 'false' });

const byText: Compare = (left, right) => collator.compare(String(left), String(right));
const bySize: Compare = (left, right) => (left === right ? 0 : Number(left) - Number(right));
const byCharacters: Compare = (left, right) =>
  left === right ? 0 : String(left) < String(right) ? -1 : 1;

const fields: Readonly<
  Record<
    ComplianceManagementPartnerOrderField,
    { readonly valueOf: (row: PartnerResource) => Value; readonly compare: Compare }
  >
> = {
  DISPLAY_NAME: { valueOf: (row) => row.displayName ?? null, compare: byText },
  PARTNER_STATE: { valueOf: (row) => rankOfState(row.partnerState ?? null), compare: bySize },
  LAST_HEARTBEAT_DATE_TIME: {
    valueOf: (row) => instantKeyOf(row.lastHeartbeatDateTime ?? '') ?? null,
    compare: byCharacters,
  },
};

/** The position in the enum; unlisted states come after all others. */
function rankOfState(wire: string | null): number | null {
  if (wire === null) {
    return null;
  }
  const state = partnerStateFromWire(wire);
  return state === 'UNKNOWN_FUTURE_VALUE'
    ? knownPartnerStates.length
    : knownPartnerStates.indexOf(state);
}

/** Makes the order of the keys, the first key first; rows that are alike in all of them are ordered by id. */
export function createPartnerOrder(
  keys: readonly ComplianceManagementPartnerOrder[],
): PartnerOrder {
  const comparisons = keys.map(({ field, direction }) =>
    nullsLast(fields[field].compare, direction === 'DESC' ? -1 : 1),
  );
  return {
    signature: keys.map(({ field, direction }) => `${field} ${direction}`).join(),
    placeOf: (row) => ({ values: keys.map(({ field }) => fields[field].valueOf(row)), id: row.id }),
    compare(left, right) {
      for (const [index, compare] of comparisons.entries()) {
        const result = compare(left.values[index] ?? null, right.values[index] ?? null);
        if (result !== 0) {
          return result;
        }
      }
      return byCharacters(left.id, right.id);
    },
  };
}

function nullsLast(compare: Compare, direction: 1 | -1): Compare {
  return (left, right) => {
    if (left === null || right === null) {
      return Number(left === null) - Number(right === null);
    }
    return direction * compare(left, right);
  };
}
