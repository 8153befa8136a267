import { getEach, getFilterNames, getGroupNames, type Lookup } from './batch.ts';
import { GraphError, isGraphError } from './errors.ts';
import { readAdded, readDeleted, readGot, readPage, readUpdated } from './readAnswer.ts';
import {
  type GraphCall,
  type GraphClientParts,
  type GraphOperation,
  type GraphResponse,
  type GraphRow,
  idKeyOf,
  isPartnerId,
  resolveNextLink,
} from './request.ts';
import type { NewPartnerResource, PartnerChanges, WirePlatform } from './types.ts';

/** A partner with the body that it was read from, for what has to go back as it came. */
export interface RowSource<Row> {
  readonly partner: Row;
  readonly body: Buffer;
}

export type GraphClient<Row extends GraphRow = GraphRow> = ReturnType<
  typeof createGraphClient<Row>
>;

/** Makes the operations on the resource; each write is sent once. All of them throw GraphErrors and nothing else. */
export function createGraphClient<Row extends GraphRow>(parts: GraphClientParts<Row>) {
  const { send, routes, readRow, noteSeen, matchesSubmitted } = parts;

  const sendGet = (id: string, call: GraphCall): Promise<GraphResponse> =>
    send({ operation: 'get', url: routes.partner(id), call });

  async function readSource(id: string, call: GraphCall): Promise<RowSource<Row> | undefined> {
    const response = await sendGet(id, call);
    const partner = noneIfNotFound(() => readGot(response, readRow, id));
    return partner && { partner, body: response.body };
  }

  async function readNoted(id: string, call: GraphCall): Promise<RowSource<Row> | undefined> {
    const source = await readSource(id, call);
    noteSeen(source ? [source.partner] : []);
    return source;
  }

  async function patch(id: string, body: string, call: GraphCall): Promise<Row | undefined> {
    const response = await send({ operation: 'update', url: routes.partner(id), body, call });
    return readUpdated(response, readRow, id);
  }

  async function add(partner: NewPartnerResource, call: GraphCall): Promise<Row> {
    const body = JSON.stringify(partner);
    const response = await send({ operation: 'add', url: routes.collection, body, call });
    const answer = readAdded(response, readRow);
    const added =
      'partner' in answer
        ? answer.partner
        : await readBack(routes.parsePartnerLocation(answer.location), call);
    if (!matchesSubmitted(partner, added)) {
      throw new GraphError('badResponse', anotherPartner, {
        mayHaveBeenApplied: true,
        answeredId: isPartnerId(added.id) ? added.id : undefined,
      });
    }
    return added;
  }

  /** Reads a partner that was written for sure; whatever goes wrong now must not look as if it was not. */
  async function readBack(id: string | undefined, call: GraphCall): Promise<Row> {
    let cause: unknown;
    try {
      const source = id === undefined ? undefined : await readSource(id, call);
      if (source !== undefined) {
        return source.partner;
      }
    } catch (error) {
      cause = error;
    }
    const { answer, answeredId } = isGraphError(cause) ? cause.details : {};
    const details = { cause, answer, answeredId, mayHaveBeenApplied: true };
    throw new GraphError('badResponse', notReadBack, details);
  }

  async function remove(id: string, call: GraphCall): Promise<void> {
    try {
      readDeleted(await send({ operation: 'delete', url: routes.partner(id), call }), id);
    } catch (error) {
      const isInDoubt = isGraphError(error) && error.mayHaveBeenApplied;
      // A refusal is looked into as well: a delete has no input that could be wrong.
      const canBeLookedInto = isInDoubt || (isGraphError(error) && error.code === 'invalidRequest');
      if (!canBeLookedInto || !(saysItIsGone(error) || (await isGone(id, call)))) {
        throw error;
      }
      // In doubt, an attempt that broke off without an answer was the one that did it. Otherwise Intune has answered a
      // delete of what is not there with a 400 that says nothing.
      if (!isInDoubt) {
        const message = 'Microsoft Graph has no partner with this id.';
        throw new GraphError('notFound', message, { ...error.details, cause: error });
      }
    }
  }

  /** Asks once for a partner whose delete has an unknown outcome; only Graph's own 404 decides. */
  async function isGone(id: string, call: GraphCall): Promise<boolean> {
    try {
      readGot(await sendGet(id, call), readRow, id);
      return false;
    } catch (error) {
      return saysItIsGone(error);
    }
  }

  /** Notes in the log and the metrics a write whose outcome is unknown: an operator may have to look. */
  async function watched<Result>(
    operation: GraphOperation,
    call: GraphCall,
    writing: Promise<Result>,
  ): Promise<Result> {
    try {
      return await writing;
    } catch (error) {
      if (isGraphError(error) && error.mayHaveBeenApplied) {
        parts.measurements.outcomeUnknown(operation);
        parts.log.warn('A write may have been applied, or not', {
          requestId: call.requestId,
          traceId: call.trace?.traceId,
          operation,
          status: error.details.answer?.status,
          graphRequestId: error.details.answer?.requestId,
          code: error.code,
          mayHaveBeenApplied: true,
        });
      }
      throw error;
    }
  }

  return {
    /** Reads the list page by page, each page only when it is asked for. Pages may be empty. */
    listPages: (call: GraphCall) => readPages(parts, call),

    /** Reads one partner; undefined if Graph has none with this id. */
    get: async (id: string, call: GraphCall) => (await readNoted(id, call))?.partner,

    /** Reads one partner with what Graph wrote. */
    getSource: readNoted,

    /** Reads up to 20 partners in one call, in the order of the ids. Throws only if the call as a whole failed. */
    async getMany(ids: readonly string[], call: GraphCall): Promise<readonly Lookup<Row>[]> {
      const paths = ids.map((id) => routes.partnerInBatch(id));
      const lookups = await getEach(parts, { operation: 'getMany', paths }, call, (item, index) =>
        noneIfNotFound(() => readGot(item, readRow, ids[index] ?? '')),
      );
      noteSeen(lookups.flatMap((lookup) => (lookup instanceof GraphError ? [] : (lookup ?? []))));
      return lookups;
    },

    /** Reads the names of up to 1,000 groups in one call, in the order of the ids. Throws only if the call as a whole failed. */
    getGroupNames: (ids: readonly string[], call: GraphCall) => getGroupNames(parts, ids, call),

    /** Reads the names of up to 20 assignment filters in one call, in the same way. */
    getFilterNames: (ids: readonly string[], call: GraphCall) => getFilterNames(parts, ids, call),

    /** Adds a partner and gives it as Graph holds it now. */
    async add(partner: NewPartnerResource, call: GraphCall): Promise<Row> {
      const added = await watched('add', call, add(partner, call));
      noteSeen([added]);
      return added;
    },

    /** Changes exactly what is given; gives the partner as Graph answers it, undefined if it answers without. */
    update: (id: string, changes: PartnerChanges, call: GraphCall) =>
      watched('update', call, patch(id, JSON.stringify(changes), call)),

    /** Replaces a platform's list by entries that are JSON already, sent as they are. */
    replaceAssignments(
      id: string,
      platform: WirePlatform,
      assignments: readonly string[],
      call: GraphCall,
    ): Promise<Row | undefined> {
      const body = `{"${platform}EnrollmentAssignments":[${assignments.join()}]}`;
      return watched('update', call, patch(id, body, call));
    },

    /** Reads a partner that was written for sure: a failure says that the change may have been made. */
    readBack: (id: string, call: GraphCall) => watched('update', call, readBack(id, call)),

    /**
     * Deletes a partner. Throws `notFound` if Graph itself says that there is none. A delete in doubt is done if Graph
     * itself says so afterwards, to it or to one look.
     */
    delete: (id: string, call: GraphCall) => watched('delete', call, remove(id, call)),
  };
}

const anotherPartner =
  "Microsoft Graph's answer cannot be believed: it has another id than the one that was sent, and not all else is as it was sent.";
const notReadBack = 'Microsoft Graph reported success but the partner could not be read back.';

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

/** A 410 may come from something in between, and a 400 of Intune's from anything. */
function saysItIsGone(error: unknown): boolean {
  return isGraphError(error) && error.code === 'notFound' && error.details.answer?.status === 404;
}

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
async function* readPages<Row extends GraphRow>(
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
    const page = readPage(response, readRow);
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
