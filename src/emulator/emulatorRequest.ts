import type { IncomingHttpHeaders } from 'node:http';

/** A request as it came, the body still bytes. */
export interface EmulatorRequest {
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
