import { type GraphApiVersion, isPartnerId } from './types.ts';

const collectionPath = 'deviceManagement/complianceManagementPartners';

/** The URLs of the resource under one root and version. */
export interface Routes {
  /** The root with the version, which all other URLs lie under. */
  readonly base: URL;
  readonly collection: URL;
  /** Where several requests go in one. */
  readonly batch: URL;
  /** Where the names of groups are read. */
  readonly groupsByIds: URL;
  // For an id that could leave its path these throw a TypeError; callers check ids before.
  partner(id: string): URL;
  /** The path of a partner inside a batch: behind the version, with a slash. */
  partnerInBatch(id: string): string;
  /** The path of an assignment filter's name inside a batch. */
  filterInBatch(id: string): string;
  /** Gives the id where a `Location` or `OData-EntityId` header names a partner of this collection. */
  parsePartnerLocation(location: string): string | undefined;
}

const idThatLeaves = 'An id that could leave its path';

function checkId(id: string): string {
  if (!isPartnerId(id)) {
    throw new TypeError(idThatLeaves);
  }
  return id;
}

function parseUrl(text: string, base: URL): URL | undefined {
  return URL.canParse(text, base.href) ? new URL(text, base) : undefined;
}

/** Builds the URLs; `root` may have a path of its own, as proxies have. */
export function createRoutes(root: URL, version: GraphApiVersion): Routes {
  const slashed = root.href.endsWith('/') ? root.href : `${root.href}/`;
  const base = new URL(`${version}/`, slashed);
  const collection = new URL(collectionPath, base);
  const partner = (id: string): URL => {
    const url = new URL(`${collection.href}/${checkId(id)}`);
    if (url.origin !== collection.origin || url.pathname !== `${collection.pathname}/${id}`) {
      throw new TypeError(idThatLeaves);
    }
    return url;
  };
  return {
    base,
    collection,
    batch: new URL('$batch', base),
    groupsByIds: new URL('directoryObjects/getByIds?$select=id,displayName', base),
    partner,
    partnerInBatch: (id) => `/${collectionPath}/${checkId(id)}`,
    filterInBatch: (id) =>
      `/deviceManagement/assignmentFilters/${checkId(id)}?$select=id,displayName`,
    parsePartnerLocation(location) {
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
    username === '' &&
    password === '' &&
    hash === '';
  if (!isMeant) {
    throw new TypeError('A request that does not lead to Microsoft Graph');
  }
}

/**
 * Gives the URL of the next page, or undefined for a link that must not be followed: one to another origin, with
 * credentials, or to another path than the collection's. The token goes wherever the link leads, so a link is only
 * as good as the place that it names. It may be relative, as OData allows.
 */
export function resolveNextLink(link: string, page: URL, collection: URL): URL | undefined {
  const url = parseUrl(link, page);
  const isSamePlace =
    url?.origin === collection.origin &&
    url.username === '' &&
    url.password === '' &&
    url.pathname.toLowerCase() === collection.pathname.toLowerCase();
  return isSamePlace ? url : undefined;
}

// One layer less to bomb: an encoded answer would have to be unpacked within a bound.
export const readHeaders = { accept: 'application/json', 'accept-encoding': 'identity' };
export const writeHeaders = { ...readHeaders, 'content-type': 'application/json' };
