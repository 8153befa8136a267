import { type Filter, parseFilter } from './filter.ts';
import type { Model } from './model.ts';
import { findIgnoredOptionProblem } from './query/options.ts';
import { parseSelect, type Selection } from './query/parseSelect.ts';
import { type QueryReading, type QueryRefusal, refuseQuery } from './query/queryRefusal.ts';
import { type PageStart, parseSkipToken } from './query/skipToken.ts';

/** Which part of the list is asked for. */
export interface PageRequest extends PageStart, Filter, Selection {
  /** Rows in the page. */
  readonly size: number;
  /** Rows left out before it. */
  readonly skip: number;
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
 * Reads the query options of a list, or says why the query is not answered. `$orderby` and `$search` are judged and then
 * ignored, as Intune does.
 */
export function parsePageRequest(
  query: URLSearchParams,
  { pageSize, model, hasEmptyPages }: ListTraits,
): QueryReading<PageRequest> {
  const top = parseTop(query.get('$top') ?? undefined);
  if (typeof top === 'object') {
    return top;
  }
  const skip = parseWhole('$skip', query.get('$skip') ?? '0');
  if (typeof skip === 'object') {
    return skip;
  }
  const count = query.get('$count') ?? 'false';
  if (!/^(?:true|false)$/i.test(count)) {
    return refuseQuery(
      `Invalid value '${count}' for $count query option found. Valid values are 'true' and 'false'.`,
    );
  }
  const ignored = findIgnoredOptionProblem(query, model);
  if ('refusal' in ignored) {
    return ignored;
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
  const token = query.get('$skiptoken') ?? undefined;
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
    // A link leads on from where the rows before it ended.
    skip: token === undefined ? skip : 0,
    isCounted: count.toLowerCase() === 'true',
    hasEmptyPages,
    options,
  };
}

function parseTop(
  text: string | undefined,
): number | undefined | { readonly refusal: QueryRefusal } {
  if (text === undefined) {
    return undefined;
  }
  const top = parseWhole('$top', text);
  if (typeof top === 'object') {
    return top;
  }
  return top >= 1 && top <= maxTop
    ? top
    : refuseQuery(
        `Invalid page size specified: '${text}'. Must be between 1 and ${maxTop} inclusive.`,
      );
}

function parseWhole(option: string, text: string): number | { readonly refusal: QueryRefusal } {
  return /^\d{1,9}$/.test(text)
    ? Number(text)
    : refuseQuery(
        `Invalid value '${text}' for ${option} query option found. The ${option} query option requires a non-negative integer value.`,
      );
}

function writeOptions(query: URLSearchParams): string {
  return repeated
    .map((name) => ({ name, value: query.get(name) }))
    .filter(({ value }) => value !== null)
    .map(({ name, value }) => `${name}=${encodeURIComponent(value ?? '')}&`)
    .join('');
}
