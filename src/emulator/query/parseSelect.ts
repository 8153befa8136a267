import { type Model, partnerType, propertiesOf } from '../model.ts';
import { type QueryReading, refuseQuery } from './queryRefusal.ts';

/** The properties to show, in the order that was asked for; undefined shows all. */
export interface Selection {
  readonly select: readonly string[] | undefined;
}

/**
 * Reads `$select`, or says in Graph's words what is wrong with it. The id is shown only where it is selected: OData
 * promises no more, and no page about this resource does.
 */
export function parseSelect(query: URLSearchParams, model: Model): QueryReading<Selection> {
  const text = query.get('$select') ?? undefined;
  if (text === undefined) {
    return { select: undefined };
  }
  if (text.trim() === '') {
    return refuseQuery("The value for OData query '$select' cannot be empty.");
  }
  const names = text.split(',').map((name) => name.trim());
  const known = propertiesOf(model, partnerType);
  const stray = names.find((name) => name !== '*' && !Object.hasOwn(known, name));
  if (stray !== undefined) {
    return refuseQuery(
      `Parsing OData Select and Expand failed: Could not find a property named '${stray}' on type 'microsoft.graph.${partnerType}'.`,
    );
  }
  return { select: names.includes('*') ? undefined : [...new Set(names)] };
}

/** Leaves the selected properties of a row, and the annotations. */
export function narrow(
  row: Readonly<Record<string, unknown>>,
  select: readonly string[] | undefined,
): object {
  if (select === undefined) {
    return row;
  }
  const entries = Object.entries(row);
  return Object.fromEntries(
    entries.filter(([name]) => name.startsWith('@') || select.includes(name)),
  );
}
