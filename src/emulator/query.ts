import {
  type Filter,
  parseFilter,
  type QueryReading,
  type QueryRefusal,
  refuseQuery,
} from './filter.ts';
import type { Version } from './http.ts';
import { type Model, partnerType, propertiesOf } from './model.ts';

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
interface ListTraits {
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

const systemOptions = new Set([
  '$select',
  '$filter',
  '$top',
  '$skip',
  '$skiptoken',
  '$count',
  '$orderby',
  '$search',
  '$expand',
  '$format',
]);

/** A query whose system options have their `$`, each at most once, in lower case. */
interface SystemOptions {
  readonly options: URLSearchParams;
}

/**
 * Finds the system options of a query. Graph takes their names in any case, beta also without `$`; it ignores names of
 * its caller's own and rejects a `$` name that OData does not have.
 */
export function readSystemOptions(
  query: URLSearchParams,
  version: Version,
): QueryReading<SystemOptions> {
  const options = new URLSearchParams();
  for (const [given, value] of query) {
    const lower = given.toLowerCase();
    const name = version === 'beta' && systemOptions.has(`$${lower}`) ? `$${lower}` : lower;
    if (!name.startsWith('$')) {
      continue;
    }
    if (!systemOptions.has(name)) {
      return refuseQuery(`The query parameter '${given}' is not supported.`);
    }
    if (options.has(name)) {
      return refuseQuery(
        `Query option '${name}' was specified more than once, but it must be specified at most once.`,
      );
    }
    options.set(name, value);
  }
  return { options };
}

/**
 * Judges the options that change nothing here: `$expand`, because a partner has no navigation property, `$orderby` and
 * `$search`, because Intune ignores them. Graph rejects them if they name what the type does not have.
 */
export function findIgnoredOptionProblem(
  options: URLSearchParams,
  model: Model,
): QueryReading<object> {
  const known = propertiesOf(model, partnerType);
  for (const [option, find] of Object.entries(judges)) {
    const text = options.get(option);
    const problem = text === null ? undefined : find(text, (name) => Object.hasOwn(known, name));
    if (text?.trim() === '') {
      return refuseQuery(`The value for OData query '${option}' cannot be empty.`);
    }
    if (problem !== undefined) {
      return refuseQuery(problem);
    }
  }
  return {};
}

type Judge = (text: string, isKnown: (name: string) => boolean) => string | undefined;

const judges: Readonly<Record<string, Judge>> = {
  $expand(text, isKnown) {
    const [name] = namesIn(text.replaceAll(/\([^()]*\)/g, '')).filter((one) => one !== '*');
    if (name === undefined) {
      return undefined;
    }
    const problem = isKnown(name)
      ? `Property '${name}' on type 'microsoft.graph.${partnerType}' is not a navigation property or complex property. Only navigation properties can be expanded.`
      : strayProperty(name);
    return `Parsing OData Select and Expand failed: ${problem}`;
  },
  $orderby(text, isKnown) {
    for (const item of namesIn(text)) {
      const [name = '', direction = 'asc', ...rest] = item.split(/\s+/);
      if (rest.length > 0 || !/^(?:asc|desc)$/.test(direction)) {
        return `Syntax error at position ${text.length} in '${text}'.`;
      }
      if (!isKnown(name)) {
        return strayProperty(name);
      }
    }
    return undefined;
  },
  $search(text, isKnown) {
    if (!/^\s*(?:"(?:[^"\\]|\\.)*"|[^"]+)\s*$/.test(text)) {
      return `Syntax error: the value of $search '${text}' has an open quote.`;
    }
    const [, name] = /^\s*"?(\w+):/.exec(text) ?? [];
    return name === undefined || isKnown(name) ? undefined : strayProperty(name);
  },
};

const namesIn = (text: string): string[] => text.split(',').map((name) => name.trim());

const strayProperty = (name: string): string =>
  `Could not find a property named '${name}' on type 'microsoft.graph.${partnerType}'.`;

/** The properties to show, in the order that was asked for; undefined shows all. */
export interface Selection {
  readonly select: readonly string[] | undefined;
}

/**
 * Reads `$select`, or says in Graph's words what is wrong with it. The id is shown only if it is selected: OData
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

/** Where a page begins. */
export interface PageStart {
  /** The number of the row behind which it begins. */
  readonly after: number;
  /** Whether it has no rows and only leads on. */
  readonly isHollow: boolean;
}

/** The parts of a token that are written into it. */
interface TokenParts extends PageStart {
  /** The other options of the query, as the nextLink repeats them. */
  readonly options: string;
}

/** Writes the token of a page. */
export function writeSkipToken({ after, isHollow, options }: TokenParts): string {
  return Buffer.from(JSON.stringify([after, isHollow, options])).toString('base64url');
}

/**
 * Reads a token back; undefined for one that was not written here, or that stands beside other options than it was
 * written for: a nextLink is followed as it is, or not at all.
 */
function parseSkipToken(token: string, options: string): PageStart | undefined {
  const text = Buffer.from(token, 'base64url').toString();
  const [, after, isHollow] = /^\[(\d{1,9}),(true|false),/.exec(text) ?? [];
  if (after === undefined) {
    return undefined;
  }
  const start = { after: Number(after), isHollow: isHollow === 'true' };
  return writeSkipToken({ ...start, options }) === token ? start : undefined;
}
