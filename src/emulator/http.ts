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
