import { GraphProtocolError } from './errors.ts';
import { type GraphPage, readPage } from './readAnswer.ts';
import type { GraphCall, GraphClientParts, GraphRow } from './request.ts';
import { readHeaders, resolveNextLink } from './routes.ts';
import { idKeyOf } from './types.ts';

/** Pages may be empty, but so many in a row are no list any more. */
const maximumEmptyPages = 50;
/** All rows of a page may have moved there while the list was read, but so many such pages are the list once more. */
const maximumRepeatedPages = 3;

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
  { send, routes, clock, readRow, noteSeen }: GraphClientParts<Row>,
  call: GraphCall,
): AsyncGenerator<readonly Row[], void, undefined> {
  const seen = new Set<string>();
  const known = new Set<string>();
  let emptyPages = 0;
  let repeatedPages = 0;
  let url: URL | undefined = routes.collection;
  while (url !== undefined) {
    seen.add(url.href);
    const response = await send({ operation: 'list', url, headers: readHeaders, call });
    const page: GraphPage<Row> = readPage({ response, nowMs: clock.now(), readRow });
    const fresh = page.partners.filter(({ id }) => {
      const key = idKeyOf(id);
      return !known.has(key) && known.add(key);
    });
    if (fresh.length > 0) {
      emptyPages = 0;
      repeatedPages = 0;
    } else if (page.partners.length > 0 || repeatedPages > 0) {
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
    const next = nextPageUrl(page, url, routes.collection, seen);
    yield fresh;
    noteSeen(fresh);
    url = next;
  }
}

/** @throws GraphProtocolError for a link that leads elsewhere or back. */
function nextPageUrl(
  { nextLink }: GraphPage<unknown>,
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

function protocolError(what: string): GraphProtocolError {
  return new GraphProtocolError('badResponse', `Microsoft Graph's list ${what}`);
}
