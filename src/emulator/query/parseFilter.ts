import type { PartnerResource } from '../../graph/resource.ts';
import { type Model, partnerType, propertiesOf } from '../model.ts';
import { type QueryReading, refuseQuery } from './queryRefusal.ts';

/** Which rows a filter leaves. */
export interface Filter {
  readonly fits: (row: PartnerResource) => boolean;
}

interface Clause {
  readonly property: string;
  /** An operator by its name, a function with brackets behind it. */
  readonly operation: string;
  readonly literal: string;
}

type Comparison = (value: string | null, wanted: string | null) => boolean;

const comparisons: Readonly<Record<string, Comparison>> = {
  eq: (value, wanted) => value === wanted,
  'startswith()': (value, wanted) => wanted !== null && value?.startsWith(wanted) === true,
  'contains()': (value, wanted) => wanted !== null && value?.includes(wanted) === true,
};

/**
 * Reads `$filter`: `eq`, `startswith` and `contains` over the display name, without regard to case, as Graph's own
 * examples have it. What Graph itself cannot parse is refused; on all else Intune's service fails with a 500, as it
 * is known to do over functions and operators that it does not have.
 */
export function parseFilter(query: URLSearchParams, model: Model): QueryReading<Filter> {
  const text = query.get('$filter')?.trim();
  if (text === undefined) {
    return { fits: () => true };
  }
  if (text === '') {
    return refuseQuery("The value for OData query '$filter' cannot be empty.");
  }
  const clause = readClause(text);
  if (clause === undefined) {
    return refuseQuery('Invalid filter clause');
  }
  const { property, operation, literal } = clause;
  if (!Object.hasOwn(propertiesOf(model, partnerType), property)) {
    return refuseQuery(
      `Invalid filter clause: Could not find a property named '${property}' on type 'microsoft.graph.${partnerType}'.`,
    );
  }
  const compare = Object.hasOwn(comparisons, operation) ? comparisons[operation] : undefined;
  if (compare === undefined || property !== 'displayName') {
    return { refusal: { status: 500, message: 'An internal server error has occurred' } };
  }
  const wanted = readLiteral(literal);
  return wanted === undefined
    ? refuseQuery('Invalid filter clause')
    : { fits: ({ displayName }) => compare(displayName?.toLowerCase() ?? null, wanted) };
}

function readClause(text: string): Clause | undefined {
  const [, left, operator, right] = /^(\w+)\s+(\w+)\s+(.+)$/s.exec(text) ?? [];
  if (left !== undefined && operator !== undefined && right !== undefined) {
    return { property: left, operation: operator, literal: right };
  }
  const [, name, property, literal] = /^(\w+)\(\s*(\w+)\s*,\s*(.+?)\s*\)$/s.exec(text) ?? [];
  return name !== undefined && property !== undefined && literal !== undefined
    ? { property, operation: `${name}()`, literal }
    : undefined;
}

/** A text in quotes, where a quote is written twice, in lower case; or null. */
function readLiteral(literal: string): string | null | undefined {
  if (literal === 'null') {
    return null;
  }
  const text = /^'((?:[^']|'')*)'$/.exec(literal)?.[1];
  return text?.replaceAll("''", "'").toLowerCase();
}
