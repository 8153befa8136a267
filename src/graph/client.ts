import { rawItems, rawMembers } from '../shared/json.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { getManyItems } from './batch.ts';
import { GraphError, GraphProtocolError, GraphResponseError, isGraphError } from './errors.ts';
import {
  type GraphPage,
  readAdded,
  readDeleted,
  readGot,
  readPage,
  readUpdated,
} from './readAnswer.ts';
import type { GraphCall, GraphCallParts, GraphResponse } from './request.ts';
import { readHeaders, resolveNextLink, writeHeaders } from './routes.ts';
import {
  type AssignmentResource,
  type GraphOperation,
  idKeyOf,
  type NewPartnerResource,
  type PartnerChanges,
  type PartnerResource,
  type WirePlatform,
} from './types.ts';

/** The operations on the resource. All of them throw the GraphError family and nothing else. */
export interface GraphClient extends GraphReads, GraphWrites {}

/** Builds the client over one way of sending. */
export function createGraphClient(parts: GraphCallParts): GraphClient {
  const reads = createReads(parts);
  return { ...reads, ...createWrites(parts, reads) };
}

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

/** Writes to the resource, each sent once. All of them throw the GraphError family and nothing else. */
export interface GraphWrites {
  /** Adds a partner and gives it as Graph holds it now. */
  add(partner: NewPartnerResource, call: GraphCall): Promise<PartnerResource>;
  /** Changes exactly what is given; gives the partner as Graph answers it, undefined if it answers without. */
  update(
    id: string,
    changes: PartnerChanges,
    call: GraphCall,
  ): Promise<PartnerResource | undefined>;
  /** Replaces a platform's list by entries that are JSON already, sent as they are. */
  replaceAssignments(
    id: string,
    platform: WirePlatform,
    assignments: readonly string[],
    call: GraphCall,
  ): Promise<PartnerResource | undefined>;
  /** Reads a partner that was written for sure: a failure says that the change may have been made. */
  readBack(id: string, call: GraphCall): Promise<PartnerResource>;
  /**
   * Deletes a partner. Throws `notFound` where Graph itself says that there is none. A delete in doubt is done where Graph
   * itself says so afterwards, to it or to one look.
   */
  delete(id: string, call: GraphCall): Promise<void>;
}

/** Builds the writes over one way of sending; `get` reads back what a success leaves out. */
export function createWrites(
  { send, routes, clock }: GraphCallParts,
  { get }: Pick<GraphReads, 'get'>,
): GraphWrites {
  async function patch(
    id: string,
    body: string,
    call: GraphCall,
  ): Promise<PartnerResource | undefined> {
    const url = routes.partner(id);
    const response = await send({ operation: 'update', url, headers: writeHeaders, body, call });
    return readUpdated(response, clock.now(), id);
  }

  /** Asks once for a partner whose delete nobody knows the outcome of; only Graph's own 404 decides. */
  async function isGone(id: string, call: GraphCall): Promise<boolean> {
    try {
      const url = routes.partner(id);
      const response = await send({ operation: 'get', url, headers: readHeaders, call });
      readGot(response, clock.now(), id);
      return false;
    } catch (error) {
      return saysItIsGone(error);
    }
  }

  return {
    async add(partner, call) {
      const body = JSON.stringify(partner);
      const url = routes.collection;
      const response = await send({ operation: 'add', url, headers: writeHeaders, body, call });
      const added = readAdded(response, clock.now());
      if ('partner' in added) {
        return added.partner;
      }
      return readBack(routes.parsePartnerLocation(added.location), (id) => get(id, call));
    },

    update: (id, changes, call) => patch(id, JSON.stringify(changes), call),

    replaceAssignments: (id, platform, assignments, call) =>
      patch(id, `{"${platform}EnrollmentAssignments":[${assignments.join()}]}`, call),

    readBack: (id, call) => readBack(id, (known) => get(known, call)),

    async delete(id, call) {
      try {
        const url = routes.partner(id);
        const response = await send({ operation: 'delete', url, headers: readHeaders, call });
        readDeleted(response, clock.now(), id);
      } catch (error) {
        const isInDoubt = isGraphError(error) && error.mayHaveBeenApplied;
        // A refusal is looked into as well: a delete has no input that could be wrong.
        const canBeLookedInto =
          isInDoubt || (error instanceof GraphResponseError && error.code === 'invalidRequest');
        if (!canBeLookedInto || !(saysItIsGone(error) || (await isGone(id, call)))) {
          throw error;
        }
        // In doubt, an attempt that broke off without an answer was the one that did it.
        if (!isInDoubt) {
          throw notFoundInsteadOf(error);
        }
      }
    },
  };
}

/** A 410 may come from something in between, and a 400 of Intune's from anything. */
function saysItIsGone(error: unknown): boolean {
  return isGraphError(error) && error.code === 'notFound' && error.details.answer?.status === 404;
}

/** Intune has answered a delete of what is not there with a 400 that says nothing. */
function notFoundInsteadOf(error: GraphError): GraphResponseError {
  return new GraphResponseError('notFound', 'Microsoft Graph has no partner with this id.', {
    ...error.details,
    cause: error,
  });
}

/** Reads a partner that was written for sure; whatever goes wrong now must not look as if it was not. */
async function readBack(
  id: string | undefined,
  get: (id: string) => Promise<PartnerResource | undefined>,
): Promise<PartnerResource> {
  const message = 'Microsoft Graph reported success but the partner could not be read back.';
  let cause: unknown;
  try {
    const partner = id === undefined ? undefined : await get(id);
    if (partner !== undefined) {
      return partner;
    }
  } catch (error) {
    cause = error;
  }
  const { answer, answeredId } = isGraphError(cause) ? cause.details : {};
  throw new GraphProtocolError('badResponse', message, {
    cause,
    answer,
    answeredId,
    mayHaveBeenApplied: true,
  });
}

/** One entry of an assignment list, parsed and as Graph wrote it. */
export interface AssignmentSource {
  readonly assignment: AssignmentResource | null;
  /** JSON, byte for byte as it came. */
  readonly text: string;
}

/** A partner together with the text of its assignments. */
export interface PartnerSource {
  readonly partner: PartnerResource;
  /** The entries of a platform's list; empty where the list is missing or null. */
  assignments(platform: WirePlatform): readonly AssignmentSource[];
}

/** Ties a partner to the body that it was read from, with or without the wrapper `{"value": {…}}`. */
export function partnerSourceOf(partner: PartnerResource, body: string): PartnerSource {
  return {
    partner,
    assignments(platform) {
      const property = `${platform}EnrollmentAssignments` as const;
      const outer = rawMembers(body);
      const members = outer?.has('id') ? outer : rawMembers(outer?.get('value') ?? '');
      const texts = rawItems(members?.get(property) ?? '') ?? [];
      return (partner[property] ?? []).map((assignment, index) => ({
        assignment,
        text: texts[index] ?? JSON.stringify(assignment),
      }));
    },
  };
}

export interface WatchParts {
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'outcomeUnknown'>;
}

/** Tells operators of each write whose outcome nobody knows: somebody may have to look. */
export function watchOutcomes(graph: GraphClient, { log, measurements }: WatchParts): GraphClient {
  function watch<Result>(
    operation: GraphOperation,
    { requestId, trail }: GraphCall,
    writing: Promise<Result>,
  ): Promise<Result> {
    return writing.catch((error: unknown) => {
      if (isGraphError(error) && error.mayHaveBeenApplied) {
        const { status, requestId: graphRequestId } = error.details.answer ?? {};
        measurements.outcomeUnknown(operation);
        log.warn('A write may have been applied, or not', {
          requestId,
          traceId: trail?.traceId,
          operation,
          status,
          graphRequestId,
          code: error.code,
        });
      }
      throw error;
    });
  }
  return {
    ...graph,
    add: (partner, call) => watch('add', call, graph.add(partner, call)),
    update: (id, changes, call) => watch('update', call, graph.update(id, changes, call)),
    replaceAssignments: (id, platform, assignments, call) =>
      watch('update', call, graph.replaceAssignments(id, platform, assignments, call)),
    readBack: (id, call) => watch('update', call, graph.readBack(id, call)),
    delete: (id, call) => watch('delete', call, graph.delete(id, call)),
  };
}
