import type { IncomingHttpHeaders } from 'node:http';

/** A request as it came, the body still bytes. */
export interface EmulatorRequest {
  /** Whether it came over TLS. */
  readonly isSecure?: boolean;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** `tooLarge` above the server's limit; the bytes are gone then. */
  readonly body: Buffer | 'tooLarge';
}

/** The path without the query, and the query. */
export function splitPath(path: string): {
  readonly path: string;
  readonly query: URLSearchParams;
} {
  const [, before = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(path) ?? [];
  return { path: before, query: new URLSearchParams(query) };
}

/** The headers from which `callerRootOf` reads; requests of a batch share those of the batch. */
export const rootHeaders = ['host', 'x-forwarded-host', 'x-forwarded-proto'] as const;

/**
 * Scheme and host as the caller wrote them, without a slash at the end: links have to lead back through a proxy that
 * ends TLS, because Microsoft's own clients send their token over https only.
 */
export function callerRootOf({
  headers,
  isSecure = false,
}: Pick<EmulatorRequest, 'headers' | 'isSecure'>): string {
  const [host = '127.0.0.1', forwardedHost, scheme] = rootHeaders.map((name) =>
    firstOf(headers[name]),
  );
  return `${isSecure || scheme === 'https' ? 'https' : 'http'}://${forwardedHost ?? host}`;
}

/** Each proxy on the way adds its own value behind a comma; the first is the one next to the caller. */
function firstOf(header: string | string[] | undefined): string | undefined {
  return (
    String(header ?? '')
      .split(',')[0]
      ?.trim() || undefined
  );
}

/** The two versions of the API. */
export type Version = 'v1.0' | 'beta';

/** What a path asks for. */
export type Route =
  | { readonly kind: 'collection'; readonly version: Version }
  | { readonly kind: 'partner'; readonly version: Version; readonly id: string }
  | { readonly kind: 'filter'; readonly version: Version; readonly id: string }
  | { readonly kind: 'groups'; readonly version: Version }
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
  if (/^directoryObjects\/getByIds$/i.test(segments.join('/'))) {
    return { kind: 'groups', version };
  }
  if (singleton.toLowerCase() !== 'devicemanagement') {
    return { kind: 'unknownSegment', segment: singleton };
  }
  if (resource.toLowerCase() === 'assignmentfilters' && rest.length === 1) {
    return { kind: 'filter', version, id: rest[0] ?? '' };
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

/** An answer before it becomes HTTP. */
export interface EmulatorAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** Why Graph itself, and no service behind it, does not answer. */
interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** An answer in Graph's own envelope. */
export function refuse({ status, code, message }: Refusal, stamp: ErrorStamp): EmulatorAnswer {
  return { status, body: plainError(code, message, stamp) };
}

/** The answer to a method that a path does not have; `allow` names those that it has. */
export function refuseMethod(allow: string, stamp: ErrorStamp): EmulatorAnswer {
  const message = 'Specified HTTP method is not allowed for the request target.';
  return {
    ...refuse({ status: 405, code: 'Request_BadRequest', message }, stamp),
    headers: { allow },
  };
}

/** The ids and the time that Graph puts into each error. */
export interface ErrorStamp {
  readonly requestId: string;
  readonly clientRequestId: string;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Graph's own envelope, with a plain message. */
function plainError(code: string, message: string, stamp: ErrorStamp): object {
  return { error: { code, message, innerError: innerErrorOf(stamp) } };
}

/** A body that does not fit the model, as Intune rejects it: the inner error repeats the message. */
export function modelError(message: string, stamp: ErrorStamp): object {
  return {
    error: {
      code: 'ModelValidationFailure',
      message,
      innerError: { message, ...innerErrorOf(stamp) },
    },
  };
}

/** Intune's service answers with JSON in the message, which names its internal address; clients have to bear it. */
export function serviceError(code: string, text: string, path: string, stamp: ErrorStamp): object {
  const message = {
    _version: 3,
    Message:
      `${text} - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000` +
      ` - Activity ID: ${stamp.clientRequestId}` +
      ` - Url: https://fef.embedded.manage.microsoft.com/StatelessOnboardingService${path}?api-version=5025-09-01`,
    CustomApiErrorPhrase: '',
    RetryAfter: null,
    ErrorSourceService: '',
    HttpHeaders: '{}',
  };
  const json = JSON.stringify(message, null, 2).replaceAll('\n', '\r\n');
  return { error: { code, message: json, innerError: innerErrorOf(stamp) } };
}

function innerErrorOf({ requestId, clientRequestId, nowMs }: ErrorStamp): object {
  return {
    // Graph writes this date without an offset.
    date: new Date(nowMs).toISOString().slice(0, 19),
    'request-id': requestId,
    'client-request-id': clientRequestId,
  };
}

/** The value of a body, or the answer that rejects it. */
type JsonBody = { readonly value: unknown } | { readonly refusal: EmulatorAnswer };

/** Reads a body as Graph's front door does, before any service sees it: JSON by its media type, in UTF-8. */
export function readJsonBody({ headers, body }: EmulatorRequest, stamp: ErrorStamp): JsonBody {
  if (!/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) {
    const message = 'A supported MIME type could not be found that matches the content type.';
    return { refusal: refuse({ status: 415, code: 'UnsupportedMediaType', message }, stamp) };
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(
      body === 'tooLarge' ? undefined : body,
    );
    return { value: JSON.parse(text) };
  } catch {
    const message =
      'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.';
    return { refusal: refuse({ status: 400, code: 'BadRequest', message }, stamp) };
  }
}
