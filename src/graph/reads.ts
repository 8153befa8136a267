import { GraphError, GraphProtocolError, isGraphError } from './errors.ts';
import { getManyItems } from './getManyItems.ts';
import type { GraphCallParts } from './graphCallParts.ts';
import { readHeaders } from './headers.ts';
import { resolveNextLink } from './nextLink.ts';
import { idKeyOf } from './partnerId.ts';
import { type PartnerSource, partnerSourceOf } from './partnerSource.ts';
import { type GraphPage, readGot, readPage } from './readAnswer.ts';
import type { GraphCall, GraphResponse } from './request.ts';
import type { PartnerResource } from './types.ts';

/** What became of one id among several: the partner, undefined where Graph has none, or why it could not be read. */
export type PartnerLookup = PartnerResource | undefined | GraphError;

/** Reads of the resource. All of them throw the GraphError family and nothing else. */
export interface GraphReads {
  /** Reads the list page by page, each page only when it is asked for. Pages may be empty. */
  listPages(call: GraphCall): AsyncGenerator<readonly PartnerResource[], void, undefined>;
  /** Reads one partner; undefined where Graph has none with this id. */
  get(id: string, call: GraphCall): Promise<PartnerResource | undefined>;
  /** Reads one partner with the text that Graph wrote, for what has to go back as it came. */
  getSource(id: string, call: GraphCall): Promise<PartnerSource | undefined>;
  /** Reads up to 20 partners in one call, in the order of the ids. Throws only where the call as a whole failed. */
  getMany(ids: readonly string[], call: GraphCall): Promise<readonly PartnerLookup[]>;
}

/** Pages may be empty, but so many in a row are no list any more. */
const maximumEmptyPages = 50;
/** All rows of a page may have moved there while the list was read, but so many such pages are the list once more. */
const maximumRepeatedPages = 3;

/** What a parsed value takes beside its text, about. */
const bytesPerValue = 64;
const pageBytes = new WeakMap<readonly PartnerResource[], number>();

/** How much memory a page of the list takes, in bytes, about. */
export function bytesOfPage(page: readonly PartnerResource[]): number {
  return pageBytes.get(page) ?? 0;
}

/** Builds the reads over one way of sending. */
export function createReads(parts: GraphCallParts): GraphReads {
  const { send, routes, clock } = parts;
  const read = (operation: 'list' | 'get', url: URL, call: GraphCall): Promise<GraphResponse> =>
    send({ operation, url, headers: readHeaders, call });

  return {
    async get(id, call) {
      const response = await read('get', routes.partner(id), call);
      return noneIfNotFound(() => readGot(response, clock.now(), id));
    },

    async getSource(id, call) {
      const response = await read('get', routes.partner(id), call);
      const partner = noneIfNotFound(() => readGot(response, clock.now(), id));
      return partner && partnerSourceOf(partner, response.body.toString('utf8'));
    },

    async getMany(ids, call) {
      const answers = await getManyItems(parts, ids, call);
      return answers.map((answer, index) => lookUp(answer, clock.now(), ids[index] ?? ''));
    },

    async *listPages(call) {
      const seen = new Set<string>();
      const rows = createRowSieve();
      let url: URL | undefined = routes.collection;
      while (url !== undefined) {
        seen.add(url.href);
        const response = await read('list', url, call);
        const page: GraphPage = readPage(response, clock.now());
        const partners = rows.sift(page);
        pageBytes.set(partners, response.body.length + bytesPerValue * (response.jsonValues ?? 0));
        const next = nextPageUrl(page, url, routes.collection, seen);
        yield partners;
        url = next;
      }
    },
  };
}

/**
 * Keeps of each page the rows that no page before it had: one that moves while the list is read comes twice.
 * @throws GraphProtocolError where the list goes on without bringing anything new.
 */
function createRowSieve(): { sift(page: GraphPage): readonly PartnerResource[] } {
  const known = new Set<string>();
  let emptyPages = 0;
  let repeatedPages = 0;
  return {
    sift({ partners, nextLink }) {
      const fresh = partners.filter(({ id }) => {
        const key = idKeyOf(id);
        return !known.has(key) && known.add(key);
      });
      if (fresh.length > 0) {
        emptyPages = 0;
        repeatedPages = 0;
        return fresh;
      }
      if (partners.length > 0 || repeatedPages > 0) {
        repeatedPages += 1;
      } else {
        emptyPages += 1;
      }
      if (nextLink !== undefined && repeatedPages > maximumRepeatedPages) {
        throw endless('brings the same rows again and again');
      }
      if (emptyPages > maximumEmptyPages) {
        throw endless('goes on without end and without rows');
      }
      return fresh;
    },
  };
}

function endless(what: string): GraphProtocolError {
  return new GraphProtocolError('badResponse', `Microsoft Graph's list ${what}.`);
}

function noneIfNotFound<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (isGraphError(error) && error.code === 'notFound') {
      return undefined;
    }
    throw error;
  }
}

function lookUp(answer: GraphResponse | undefined, nowMs: number, id: string): PartnerLookup {
  if (answer === undefined) {
    const message = "Microsoft Graph's answer to a batch leaves out a request.";
    return new GraphProtocolError('badResponse', message);
  }
  try {
    return noneIfNotFound(() => readGot(answer, nowMs, id));
  } catch (error) {
    if (error instanceof GraphError) {
      return error;
    }
    throw error;
  }
}

/** @throws GraphProtocolError for a link that leads elsewhere or back. */
function nextPageUrl(
  { nextLink }: GraphPage,
  page: URL,
  collection: URL,
  seen: ReadonlySet<string>,
): URL | undefined {
  if (nextLink === undefined) {
    return undefined;
  }
  const url = resolveNextLink(nextLink, page, collection);
  if (url === undefined) {
    throw new GraphProtocolError(
      'badResponse',
      "Microsoft Graph's list goes on at a place that is not its own; the token is not sent there.",
    );
  }
  if (seen.has(url.href)) {
    throw new GraphProtocolError(
      'badResponse',
      "Microsoft Graph's list leads back to an earlier page.",
    );
  }
  return url;
}
