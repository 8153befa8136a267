import { isJsonObject } from '../shared/json.ts';
import { GraphError } from './errors.ts';
import { readJsonBody, readPartner } from './readAnswer.ts';
import { protocolErrorOf } from './readRefusal.ts';
import {
  type GraphCall,
  type GraphClientParts,
  type GraphResponse,
  type GraphRow,
  idKeyOf,
  resolveNextLink,
} from './request.ts';

/** Pages may be empty, but so many in a row are no list any more. */
const maximumEmptyPages = 50;
/** All rows of a page may have moved there while the list was read, but so many such pages are the list once more. */
const maximumRepeatedPages = 3;
const asked = { operation: 'list' } as const;

/** What a parsed value takes beside its text, about. */
const bytesPerValue = 64;
const pageBytes = new WeakMap<readonly GraphRow[], number>();

/** How much memory a page of the list takes, in bytes, about. */
export function bytesOfPage(page: readonly GraphRow[]): number {
  return pageBytes.get(page) ?? 0;
}

/**
 * Reads the list page by page, each only when it is asked for; a page is noted once the next one is asked for. A row
 * that moves while the list is read comes twice, and is given once.
 * @throws GraphError
 */
export async function* readPages<Row extends GraphRow>(
  { send, routes, readRow, noteSeen }: GraphClientParts<Row>,
  call: GraphCall,
): AsyncGenerator<readonly Row[], void, undefined> {
  const seen = new Set<string>();
  const known = new Set<string>();
  let emptyPages = 0;
  let repeatedPages = 0;
  let url: URL | undefined = routes.collection;
  while (url !== undefined) {
    seen.add(url.href);
    const response = await send({ operation: 'list', url, call });
    const page = readPage(response);
    const partners = page.rows.map((row) => readPartner(asked, response, readRow, row));
    const fresh = partners.filter(({ id }) => {
      const key = idKeyOf(id);
      return !known.has(key) && known.add(key);
    });
    if (fresh.length > 0) {
      emptyPages = 0;
      repeatedPages = 0;
    } else if (partners.length > 0 || repeatedPages > 0) {
      repeatedPages += 1;
    } else {
      emptyPages += 1;
    }
    if (page.nextLink !== undefined && repeatedPages > maximumRepeatedPages) {
      throw protocolError('brings the same rows again and again.');
    }
    if (emptyPages > maximumEmptyPages) {
      throw protocolError('goes on without end and without rows.');
    }
    pageBytes.set(fresh, response.body.length + bytesPerValue * (response.jsonValues ?? 0));
    const next = nextPageUrl(page.nextLink, url, routes.collection, seen);
    yield fresh;
    noteSeen(fresh);
    url = next;
  }
}

/** @throws GraphError for a link that leads elsewhere or back. */
function nextPageUrl(
  nextLink: string | undefined,
  page: URL,
  collection: URL,
  seen: ReadonlySet<string>,
): URL | undefined {
  if (nextLink === undefined) {
    return undefined;
  }
  const url = resolveNextLink(nextLink, page, collection);
  if (url === undefined) {
    throw protocolError('goes on at a place that is not its own; the token is not sent there.');
  }
  if (seen.has(url.href)) {
    throw protocolError('leads back to an earlier page.');
  }
  return url;
}

function protocolError(what: string): GraphError {
  return new GraphError('badResponse', `Microsoft Graph's list ${what}`);
}

/** Understands one page of the answer to a list. */
function readPage(response: GraphResponse) {
  const body = readJsonBody(asked, response);
  const rows: unknown = isJsonObject(body) ? body['value'] : undefined;
  if (!isJsonObject(body) || !Array.isArray(rows)) {
    throw protocolErrorOf(asked, response, 'it has no list');
  }
  const nextLink = body['@odata.nextLink'] ?? undefined;
  if (nextLink !== undefined && typeof nextLink !== 'string') {
    throw protocolErrorOf(asked, response, 'its @odata.nextLink is not a string');
  }
  return { rows: rows as readonly unknown[], nextLink };
}
