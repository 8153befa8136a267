import type { Clock, EndSignal } from '../shared/clock.ts';
import { isGuid } from '../shared/forms.ts';
import type { Secret } from '../shared/secret.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import type { Trace } from '../telemetry/trace.ts';
import type { Refusal } from './errorBody.ts';
import type { GraphApiVersion, NewPartnerResource } from './types.ts';

const partners = 'deviceManagement/complianceManagementPartners';
const collection = `/${partners}`;
const onePartner = `${collection}/{id}`;
const batch = '/$batch';

/**
 * For each operation its HTTP method, in upper case, because Intune rejects any other spelling, and its path behind the
 * version, with a placeholder for the id: what telemetry may show of a URL.
 */
export const operations = {
  list: { method: 'GET', route: collection },
  get: { method: 'GET', route: onePartner },
  // A batch that holds nothing but GETs.
  getMany: { method: 'POST', route: batch },
  // The answers that the answer to a batch left for later.
  getMore: { method: 'GET', route: batch },
  // Ids as a body, because they would not fit into a URL.
  getGroups: { method: 'POST', route: '/directoryObjects/getByIds' },
  // A batch of GETs, too.
  getFilters: { method: 'POST', route: batch },
  add: { method: 'POST', route: collection },
  update: { method: 'PATCH', route: onePartner },
  delete: { method: 'DELETE', route: onePartner },
} as const;

/** What is done to the resource. */
export type GraphOperation = keyof typeof operations;

/** Whether the operation changes something, so that a doubtful outcome matters. */
export function isWrite(operation: GraphOperation): boolean {
  return operation === 'add' || operation === 'update' || operation === 'delete';
}

/** Whether the operation reads what stands beside partners: a fault of the directory is none of theirs. */
export function isBesidePartners(operation: GraphOperation): boolean {
  return operation === 'getGroups' || operation === 'getFilters';
}

const readWrite = [
  'DeviceManagementServiceConfig.ReadWrite.All',
  'DeviceManagementConfiguration.ReadWrite.All',
];
const read = [
  'DeviceManagementServiceConfig.Read.All',
  'DeviceManagementConfiguration.Read.All',
  ...readWrite,
];

/** The permissions of which one suffices, the least privileged first, as Graph's permissions reference lists them. */
export function requiredScopesOf(operation: GraphOperation): readonly string[] {
  switch (operation) {
    case 'getGroups':
      return ['GroupMember.Read.All', 'Group.Read.All', 'Directory.Read.All'];
    case 'getFilters':
      return [
        'DeviceManagementConfiguration.Read.All',
        'DeviceManagementConfiguration.ReadWrite.All',
      ];
    default:
      return isWrite(operation) ? readWrite : read;
  }
}

/** What an id may look like, for messages. */
export const partnerIdForm =
  '1 to 256 of the characters A-Z a-z 0-9 _ . ~ = - that are not all dots, usually a UUID';

/**
 * Tells whether an id can stand in a path without changing its meaning. Encoding alone would not do:
 * `encodeURIComponent('..')` is `..`, and URL parsers climb out of the path on `%2e%2e` as well.
 */
export function isPartnerId(id: string): boolean {
  return /^[A-Za-z0-9_.~=-]{1,256}$/.test(id) && !/^\.+$/.test(id);
}

/** Gives the same text for all spellings of one id: a UUID may come in any case, any other id only as it is. */
export function idKeyOf(id: string): string {
  return isGuid(id) ? id.toLowerCase() : id;
}

/**
 * Whether an answer is about the id that was asked for. A Graph that finds an id in another case takes ids so, whatever
 * their form; in a list the same two ids could stand for two rows.
 */
export function isSameId(asked: string, answered: string): boolean {
  return asked.toLowerCase() === answered.toLowerCase();
}

/** What belongs to one GraphQL operation and is the same for all calls of Graph that it causes. */
export interface GraphCall {
  /** Sent as `client-request-id`: one id from the caller's edge to Graph's own logs. */
  readonly requestId: string;
  /** A W3C trace context of the caller, passed on as it came. */
  readonly traceparent: string | undefined;
  /** Where the operation's attempts are noted; what travels to Graph is then the context of the attempt. */
  readonly trace?: Trace;
  readonly callerToken: Secret | undefined;
  /** In milliseconds since the epoch. */
  readonly deadlineMs: number;
  /**
   * Fires when the time is up, the caller's connection closes or the gateway stops, and once the operation is answered;
   * its reason is an `EndReason`.
   */
  readonly signal: EndSignal;
  /** The same, deaf to the caller's leaving: a write that was already sent is finished. */
  readonly writeSignal: EndSignal;
}

export interface GraphRequest {
  /** Stands in logs in place of the path, which can carry an id. */
  readonly operation: GraphOperation;
  readonly url: URL;
  /** JSON. */
  readonly body?: string;
  readonly call: GraphCall;
  /** How many requests Graph counts this as: the items of a batch; 1 if absent. */
  readonly cost?: number;
}

/** One attempt at a request. */
export interface GraphAttempt extends GraphRequest {
  /** From 1. */
  readonly number: number;
  /** Why an attempt before was not the last. */
  readonly repeatReason?:
    | 'not-connected'
    | 'broken'
    | 'throttled'
    | 'unavailable'
    | 'server-error'
    | 'unauthorized';
  /** Asks for a connection that no earlier request has used. */
  readonly onNewConnection?: boolean;
  /** Asks for a token that was not used before. */
  readonly withFreshToken?: boolean;
}

export interface GraphResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** The body if it is JSON and was parsed already. */
  readonly json?: unknown;
  /** How many values the JSON has. */
  readonly jsonValues?: number;
  /** What it says if it is no success. */
  readonly refusal?: Refusal;
  /** Whether an earlier attempt of the same write may have been executed. */
  readonly isAfterDoubt?: boolean;
}

/** One header's text; of several lines with one name, the first. */
export function headerText(
  { headers }: Pick<GraphResponse, 'headers'>,
  name: string,
): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * Gives an id of Graph's as logs, spans and answers may show it: what has another form is none, whatever it is. A token
 * is longer.
 */
export function safeIdOf(text: string | undefined): string | undefined {
  return text !== undefined && /^[\w.-]{1,64}$/.test(text) ? text : undefined;
}

/** A partner of Graph's answers, in the form that the client's reader gives it. */
export interface GraphRow {
  readonly id: string;
}

/** What the client is built over. */
export interface GraphClientParts<Row extends GraphRow = GraphRow> {
  readonly send: (request: GraphRequest) => Promise<GraphResponse>;
  readonly routes: Routes;
  readonly clock: Clock;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'outcomeUnknown'>;
  /** Checks a JSON value and makes a row of it, in one pass; gives a text that says what is wrong if it is none. */
  readonly readRow: (value: unknown) => Row | string;
  /** Told of each partner in Graph's answers. */
  readonly noteSeen: (partners: Iterable<GraphRow>) => void;
  /** Whether an answer to an add is about what was sent. */
  matchesSubmitted(sent: NewPartnerResource, answered: Row): boolean;
}

function checkId(id: string): string {
  if (!isPartnerId(id)) {
    throw new TypeError('An id that could leave its path');
  }
  return id;
}

function parseUrl(text: string, base: URL): URL | undefined {
  return URL.canParse(text, base.href) ? new URL(text, base) : undefined;
}

type Routes = ReturnType<typeof createRoutes>;

/**
 * Builds the URLs of the resource; `root` may have a path of its own, as proxies have. For an id that could leave its
 * path they throw a TypeError; callers check ids before.
 */
export function createRoutes(root: URL, version: GraphApiVersion) {
  const slashed = root.href.endsWith('/') ? root.href : `${root.href}/`;
  const base = new URL(`${version}/`, slashed);
  const collection = new URL(partners, base);
  return {
    /** The root with the version, which all other URLs lie under. */
    base,
    collection,
    /** Where several requests go in one. */
    batch: new URL('$batch', base),
    groupsByIds: new URL('directoryObjects/getByIds?$select=id,displayName', base),
    partner: (id: string): URL => new URL(`${collection.href}/${checkId(id)}`),
    // The path of a request inside a batch begins behind the version, with a slash.
    partnerInBatch: (id: string): string => `/${partners}/${checkId(id)}`,
    filterInBatch: (id: string): string =>
      `/deviceManagement/assignmentFilters/${checkId(id)}?$select=id,displayName`,
    /** Gives the id if a `Location` or `OData-EntityId` header names a partner of this collection. */
    parsePartnerLocation(location: string): string | undefined {
      const url = parseUrl(location, collection);
      const prefix = collection.pathname.toLowerCase();
      if (url?.origin !== collection.origin || !url.pathname.toLowerCase().startsWith(prefix)) {
        return undefined;
      }
      const rest = url.pathname.slice(prefix.length);
      const id = /^\/([^/]+)$/.exec(rest)?.[1] ?? /^\('([^/']+)'\)$/.exec(rest)?.[1];
      return id !== undefined && isPartnerId(id) ? id : undefined;
    },
  };
}

/** What may be requested behind the version. Links of Graph to further pages have queries, and may be in another case. */
const knownRoutes = [
  /^(?:deviceManagement\/complianceManagementPartners|\$batch)(?:\?.*)?$/i,
  /^deviceManagement\/complianceManagementPartners\/[\w.~=-]+$/,
  /^directoryObjects\/getByIds\?\$select=id,displayName$/,
];

/**
 * Lets nothing through but the known routes under Graph's root and version. The routes make no other URL; this is the
 * last look before a token is added.
 */
export function requireDestination(url: URL, base: URL): void {
  const prefix = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`;
  const { origin, pathname, search, username, password, hash } = url;
  const isMeant =
    origin === base.origin &&
    pathname.startsWith(prefix) &&
    knownRoutes.some((route) => route.test(pathname.slice(prefix.length) + search)) &&
    `${username}${password}${hash}` === '';
  if (!isMeant) {
    throw new TypeError('A request that does not lead to Microsoft Graph');
  }
}

/**
 * Gives the URL of the next page, or undefined for a link that must not be followed: one to another origin, with
 * credentials, or to another path than the collection's. The token goes wherever the link leads, so a link is only
 * as good as the place that it names. It may be relative, as OData allows. Of the link, only the query is kept.
 */
export function resolveNextLink(link: string, page: URL, collection: URL): URL | undefined {
  const url = parseUrl(link, page);
  const isSamePlace =
    url?.origin === collection.origin &&
    url.username === '' &&
    url.password === '' &&
    url.pathname.toLowerCase() === collection.pathname.toLowerCase();
  return isSamePlace ? new URL(`${collection.pathname}${url.search}`, collection) : undefined;
}
