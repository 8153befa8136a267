import type { Clock } from '../clock.ts';
import { GraphError, GraphProtocolError, isGraphError } from './errors.ts';
import { resolveNextLink } from './nextLink.ts';
import type { GraphCall, GraphResponse, Send } from './pipeline/pipeline.ts';
import type { NewPartnerResource, PartnerResource } from './resource.ts';
import { type GraphPage, readAdded, readGot, readPage } from './response.ts';
import type { Routes } from './routes.ts';

/** The operations on the resource. All of them throw the GraphError family and nothing else. */
export interface GraphClient {
  /** Reads the list page by page, each page only when it is asked for. Pages may be empty. */
  listPages(call: GraphCall): AsyncGenerator<readonly PartnerResource[], void, undefined>;
  /** Reads one partner; undefined where Graph has none with this id. */
  get(id: string, call: GraphCall): Promise<PartnerResource | undefined>;
  /** Adds a partner and gives it as Graph holds it now. Sent once. */
  add(partner: NewPartnerResource, call: GraphCall): Promise<PartnerResource>;
}

export interface GraphClientParts {
  readonly send: Send;
  readonly routes: Routes;
  readonly clock: Clock;
}

/** Builds the client over one way of sending. */
export function createGraphClient({ send, routes, clock }: GraphClientParts): GraphClient {
  const read = (operation: 'list' | 'get', url: URL, call: GraphCall): Promise<GraphResponse> =>
    send({ operation, url, headers: readHeaders, call });

  async function get(id: string, call: GraphCall): Promise<PartnerResource | undefined> {
    const response = await read('get', routes.partner(id), call);
    try {
      return readGot(response, clock.now());
    } catch (error) {
      if (isGraphError(error) && error.code === 'notFound') {
        return undefined;
      }
      throw error;
    }
  }

  return {
    get,

    async *listPages(call) {
      const seen = new Set<string>();
      let url: URL | undefined = routes.collection;
      while (url !== undefined) {
        seen.add(url.href);
        const page: GraphPage = readPage(await read('list', url, call), clock.now());
        const next = nextPageUrl(page, url, routes.collection, seen);
        yield page.partners;
        url = next;
      }
    },

    async add(partner, call) {
      const body = JSON.stringify(partner);
      const response = await send({
        operation: 'add',
        url: routes.collection,
        headers: writeHeaders,
        body,
        call,
      });
      const added = readAdded(response, clock.now());
      if ('partner' in added) {
        return added.partner;
      }
      return readBack(routes.parsePartnerLocation(added.location), (id) => get(id, call));
    },
  };
}

// One layer less to bomb: an encoded answer would have to be unpacked within a bound.
const readHeaders = { accept: 'application/json', 'accept-encoding': 'identity' };
const writeHeaders = { ...readHeaders, 'content-type': 'application/json' };

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

/** Reads a partner that was added for sure; whatever goes wrong now must not look as if it was not. */
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
  const answer = cause instanceof GraphError ? cause.details.answer : undefined;
  throw new GraphProtocolError('badResponse', message, { cause, answer, mayHaveBeenApplied: true });
}
