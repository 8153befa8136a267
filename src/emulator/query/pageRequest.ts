import type { Model } from '../model.ts';
import { type Filter, parseFilter } from './parseFilter.ts';
import { parseSelect, type Selection } from './parseSelect.ts';
import { type QueryReading, type QueryRefusal, refuseQuery } from './queryRefusal.ts';
import { type PageStart, parseSkipToken } from './skipToken.ts';

/** Which part of the list is asked for. */
export interface PageRequest extends PageStart, Filter, Selection {
  /** Rows in the page. */
  readonly size: number;
  readonly isCounted: boolean;
  /** Whether each page with rows comes behind one without. */
  readonly hasEmptyPages: boolean;
  /** The options that the nextLink repeats, as they stand in a URL; `$count` is for the first page only. */
  readonly options: string;
}

/** What the list is like. */
export interface ListTraits {
  /** The most rows in a page, whatever `$top` says. */
  readonly pageSize: number;
  readonly model: Model;
  /** Whether each page with rows comes behind one without. */
  readonly hasEmptyPages: boolean;
}

const maxTop = 1000;
const repeated = ['$top', '$select', '$filter'] as const;

/**
 * Reads the query options that this resource heeds, or says why the query is not answered. All others are ignored
 * without a word, as Intune does with `$orderby`.
 */
export function parsePageRequest(
  query: URLSearchParams,
  { pageSize, model, hasEmptyPages }: ListTraits,
): QueryReading<PageRequest> {
  const top = parseTop(query.get('$top') ?? undefined);
  if (typeof top === 'object') {
    return top;
  }
  const filter = parseFilter(query, model);
  if ('refusal' in filter) {
    return filter;
  }
  const selection = parseSelect(query, model);
  if ('refusal' in selection) {
    return selection;
  }
  const options = writeOptions(query);
  const token = findSkipToken(query);
  const start =
    token === undefined ? { after: 0, isHollow: hasEmptyPages } : parseSkipToken(token, options);
  if (start === undefined) {
    return refuseQuery('The $skiptoken query option is not one that belongs to this query.');
  }
  return {
    ...start,
    ...filter,
    ...selection,
    size: Math.min(top ?? pageSize, pageSize),
    isCounted: query.get('$count') === 'true',
    hasEmptyPages,
    options,
  };
}

/** Graph writes `$skiptoken` into its links; its pages, some services and Microsoft's clients write `$skipToken`. */
function findSkipToken(query: URLSearchParams): string | undefined {
  return [...query].find(([name]) => name.toLowerCase() === '$skiptoken')?.[1];
}

function parseTop(
  text: string | undefined,
): number | undefined | { readonly refusal: QueryRefusal } {
  if (text === undefined) {
    return undefined;
  }
  if (!/^\d{1,9}$/.test(text)) {
    return refuseQuery(
      `Invalid value '${text}' for $top query option found. The $top query option requires a non-negative integer value.`,
    );
  }
  const top = Number(text);
  return top >= 1 && top <= maxTop
    ? top
    : refuseQuery(
        `Invalid page size specified: '${text}'. Must be between 1 and ${maxTop} inclusive.`,
      );
}

function writeOptions(query: URLSearchParams): string {
  return repeated
    .map((name) => ({ name, value: query.get(name) }))
    .filter(({ value }) => value !== null)
    .map(({ name, value }) => `${name}=${encodeURIComponent(value ?? '')}&`)
    .join('');
}
