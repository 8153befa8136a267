/** The two versions of the API. */
export type Version = 'v1.0' | 'beta';

/** What a path asks for. */
export type Route =
  | { readonly kind: 'collection'; readonly version: Version }
  | { readonly kind: 'partner'; readonly version: Version; readonly id: string }
  | { readonly kind: 'batch'; readonly version: Version }
  | { readonly kind: 'metadata'; readonly version: Version }
  | { readonly kind: 'invalidVersion'; readonly version: string }
  | { readonly kind: 'unknownSegment'; readonly segment: string }
  | { readonly kind: 'noRoute'; readonly template: string };

const services: ReadonlyMap<string, 'batch' | 'metadata'> = new Map([
  ['$batch', 'batch'],
  ['$metadata', 'metadata'],
]);

const collection = /^complianceManagementPartners(?:\('((?:[^']|'')*)'\))?$/i;

/** Reads a path without its query as Graph does: segments in any case, ids as a segment or in brackets. */
export function parseRoute(path: string): Route {
  const [first = '', ...segments] = path
    .split('/')
    .filter((segment) => segment !== '')
    .map(decode);
  const version = parseVersion(first);
  if (version === undefined) {
    return { kind: 'invalidVersion', version: first };
  }
  const [singleton = '', resource = '', ...rest] = segments;
  const service = services.get(singleton.toLowerCase());
  if (service !== undefined && segments.length === 1) {
    return { kind: service, version };
  }
  if (singleton.toLowerCase() !== 'devicemanagement') {
    return { kind: 'unknownSegment', segment: singleton };
  }
  const match = collection.exec(resource);
  if (match === null) {
    return { kind: 'unknownSegment', segment: resource };
  }
  // Inside the brackets a quote is written twice.
  const key = match[1]?.replaceAll("''", "'");
  return key === undefined ? parseRest(version, rest) : parseKey(version, key, rest);
}

function parseRest(version: Version, [next, ...others]: readonly string[]): Route {
  if (next === undefined) {
    return { kind: 'collection', version };
  }
  // The collection is contained: there is nothing to link, whatever the reference page's request line says.
  return next.startsWith('$')
    ? { kind: 'noRoute', template: `~/singleton/navigation/${next}` }
    : parseKey(version, next, others);
}

function parseKey(version: Version, id: string, [next]: readonly string[]): Route {
  return next === undefined
    ? { kind: 'partner', version, id }
    : { kind: 'unknownSegment', segment: next };
}

function parseVersion(segment: string): Version | undefined {
  const version = segment.toLowerCase();
  return version === 'v1.0' || version === 'beta' ? version : undefined;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
