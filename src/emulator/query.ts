import type { PartnerResource } from '../graph/types.ts';
import { collectionPath, refusal, serviceRefusal, type Version } from './http.ts';
import { isDateTimeLiteral, type Model, partnerType, propertiesOf } from './model.ts';

export interface PageRequest extends PageStart {
  /** Whether the filter leaves a row. */
  readonly fits: (row: PartnerResource) => boolean;
  readonly select: Selection;
  readonly size: number;
  /** Rows left out before it. */
  readonly skip: number;
  readonly isCounted: boolean;
  /** Whether each page with rows comes behind one without. */
  readonly hasEmptyPages: boolean;
  /** The options that the nextLink repeats, as they stand in a URL; `$count` is for the first page only. */
  readonly options: string;
}

const maxTop = 1000;

function queryRefusal(message: string): Error {
  return refusal(400, 'BadRequest', message);
}

/** Graph's words for a property that a partner does not have. */
function strayProperty(name: string): string {
  return `Could not find a property named '${name}' on type 'microsoft.graph.${partnerType}'.`;
}

/**
 * Reads the query options of a list; a page has at most `pageSize` rows, whatever `$top` says. `$orderby`, `$search` and
 * `$expand` are ignored, as in Intune.
 * @throws Refusal
 */
export function parsePageRequest(
  given: URLSearchParams,
  version: Version,
  model: Model,
  { pageSize, hasEmptyPages }: Pick<PageRequest, 'hasEmptyPages'> & { readonly pageSize: number },
): PageRequest {
  const query = readSystemOptions(given, version);
  const top = parseWhole('$top', query.get('$top'));
  if (top !== undefined && (top < 1 || top > maxTop)) {
    throw queryRefusal(
      `Invalid page size specified: '${top}'. Must be between 1 and ${maxTop} inclusive.`,
    );
  }
  const skip = parseWhole('$skip', query.get('$skip')) ?? 0;
  const count = query.get('$count') ?? 'false';
  if (!/^(?:true|false)$/i.test(count)) {
    throw queryRefusal(
      `Invalid value '${count}' for $count query option found. Valid values are 'true' and 'false'.`,
    );
  }
  const filter = query.get('$filter');
  const fits = filter === null ? () => true : parseFilter(filter, model);
  const select = readSelect(query, model);
  const options = ['$top', '$select', '$filter']
    .filter((name) => query.has(name))
    .map((name) => `${name}=${encodeURIComponent(query.get(name) ?? '')}&`)
    .join('');
  const token = query.get('$skiptoken');
  const start =
    token === null ? { after: 0, isHollow: hasEmptyPages } : parseSkipToken(token, options);
  return {
    ...start,
    fits,
    select,
    size: Math.min(top ?? pageSize, pageSize),
    // A link continues behind the rows before it.
    skip: token === null ? skip : 0,
    isCounted: count.toLowerCase() === 'true',
    hasEmptyPages,
    options,
  };
}

function parseWhole(option: string, text: string | null): number | undefined {
  if (text !== null && !/^\d{1,9}$/.test(text)) {
    throw queryRefusal(
      `Invalid value '${text}' for ${option} query option found. The ${option} query option requires a non-negative integer value.`,
    );
  }
  return text === null ? undefined : Number(text);
}

const systemOptions: ReadonlySet<string> = new Set(
  'select filter top skip skiptoken count orderby search expand format'
    .split(' ')
    .map((name) => `$${name}`),
);
/** These must not be empty. */
const filled = ['$select', '$filter'];

/**
 * Finds the system options of a query, in lower case and with their `$`. Graph takes their names in any case, beta also
 * without `$`; it ignores names of its caller's own and rejects a `$` name that OData does not have.
 * @throws Refusal
 */
function readSystemOptions(query: URLSearchParams, version: Version): URLSearchParams {
  const options = new URLSearchParams();
  for (const [given, value] of query) {
    const lower = given.toLowerCase();
    const name = version === 'beta' && systemOptions.has(`$${lower}`) ? `$${lower}` : lower;
    if (!name.startsWith('$')) {
      continue;
    }
    if (!systemOptions.has(name)) {
      throw queryRefusal(`The query parameter '${given}' is not supported.`);
    }
    if (options.has(name)) {
      throw queryRefusal(
        `Query option '${name}' was specified more than once, but it must be specified at most once.`,
      );
    }
    if (filled.includes(name) && value.trim() === '') {
      throw queryRefusal(`The value for OData query '${name}' cannot be empty.`);
    }
    options.set(name, value);
  }
  return options;
}

const namesIn = (text: string): string[] => text.split(',').map((name) => name.trim());

/** The properties to show, in the order that was asked for; undefined shows all. */
type Selection = readonly string[] | undefined;

/**
 * Reads `$select`. The id is shown only if it is selected: OData promises no more, and no page about this resource does.
 * @throws Refusal
 */
export function parseSelect(query: URLSearchParams, version: Version, model: Model): Selection {
  return readSelect(readSystemOptions(query, version), model);
}

function readSelect(query: URLSearchParams, model: Model): Selection {
  const text = query.get('$select');
  if (text === null) {
    return undefined;
  }
  const names = namesIn(text);
  const known = propertiesOf(model, partnerType);
  const stray = names.find((name) => name !== '*' && !Object.hasOwn(known, name));
  if (stray !== undefined) {
    throw queryRefusal(`Parsing OData Select and Expand failed: ${strayProperty(stray)}`);
  }
  return names.includes('*') ? undefined : [...new Set(names)];
}

interface PageStart {
  /** The number of the row behind which it begins. */
  readonly after: number;
  /** Whether it has no rows and only leads on. */
  readonly isHollow: boolean;
}

/** Writes the token of a page; `options` are the other options of the query, as the nextLink repeats them. */
export function writeSkipToken({ after, isHollow }: PageStart, options: string): string {
  return Buffer.from(JSON.stringify([after, isHollow, options])).toString('base64url');
}

/**
 * Reads a token back.
 * @throws Refusal for one that was not written here, or for other options: a nextLink is followed as it is
 */
function parseSkipToken(token: string, options: string): PageStart {
  const text = Buffer.from(token, 'base64url').toString();
  const [, after, isHollow] = /^\[(\d{1,9}),(true|false),/.exec(text) ?? [];
  const start = { after: Number(after), isHollow: isHollow === 'true' };
  if (after === undefined || writeSkipToken(start, options) !== token) {
    throw queryRefusal('The $skiptoken query option is not one that belongs to this query.');
  }
  return start;
}

/** As many levels as OData's own parser allows. */
const maximumDepth = 100;

/** A text, a word and the bracket of a function behind it, or a mark. */
const tokens = /\s*(?:'(?:[^']|'')*'|([\w.:+-]+)(?=\s*(\()?)|([(),]))/gy;
const operators = new Set('eq ne gt ge lt le in and or not true false null'.split(' '));
const literal = "('(?:[^']|'')*'|null)";
/** The filters that Intune knows. */
const equal = new RegExp(`^displayName\\s+eq\\s+${literal}$`);
const call = new RegExp(`^(startswith|contains)\\(\\s*displayName\\s*,\\s*${literal}\\s*\\)$`);

/**
 * Reads `$filter`. Intune knows `eq`, `startswith` and `contains` over the display name, without regard to case; for all
 * other filters its service fails with 500.
 * @throws Refusal with 400 for text that is no OData, and for unknown properties
 */
function parseFilter(text: string, model: Model): PageRequest['fits'] {
  checkTokens(text.trim(), model);
  const bare = text.trim().replace(/^\(\s*(.*\S)\s*\)$/s, '$1');
  const [, equalTo] = equal.exec(bare) ?? [];
  if (equalTo !== undefined) {
    const wanted = textOf(equalTo);
    return ({ displayName }) => (displayName?.toLowerCase() ?? null) === wanted;
  }
  const [, name, argument] = call.exec(bare) ?? [];
  if (argument === undefined) {
    const message = 'An internal server error has occurred';
    throw serviceRefusal(500, 'InternalServerError', message, collectionPath);
  }
  const part = textOf(argument);
  return ({ displayName }) => {
    const shown = displayName?.toLowerCase();
    const isIn = name === 'contains' ? shown?.includes(part ?? '') : shown?.startsWith(part ?? '');
    return part !== null && isIn === true;
  };
}

function textOf(text: string): string | null {
  return text === 'null' ? null : text.slice(1, -1).replaceAll("''", "'").toLowerCase();
}

/** Whether the tokens stand in a sensible order is not judged. */
function checkTokens(text: string, model: Model): void {
  const known = propertiesOf(model, partnerType);
  let depth = 0;
  let length = 0;
  for (const [token, word, bracket, mark] of text.matchAll(tokens)) {
    length += token.length;
    depth += Number(mark === '(') - Number(mark === ')');
    if (depth > maximumDepth) {
      throw invalid(`The depth limit of '${maximumDepth}' has been exceeded.`);
    }
    if (word === undefined || bracket !== undefined || operators.has(word)) {
      continue;
    }
    if (/^[A-Za-z_]/.test(word) && !Object.hasOwn(known, word)) {
      throw invalid(strayProperty(word));
    }
    const isNumber = /^-?\d+(?:\.\d+)?$/.test(word);
    if (!/^[A-Za-z_]/.test(word) && !isNumber && !isDateTimeLiteral(word)) {
      throw invalid();
    }
  }
  if (depth !== 0 || length < text.length) {
    throw invalid();
  }
}

function invalid(reason?: string): Error {
  return queryRefusal(`Invalid filter clause${reason === undefined ? '' : `: ${reason}`}`);
}
