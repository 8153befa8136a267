import type { Readers } from './readers.ts';

/** How long callers' connections may take, and how many there may be. */
export interface ConnectionConfig {
  /** From the first byte of a request, or from the connection's beginning, to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** The same to the end of its body. */
  readonly requestTimeoutMs: number;
  /** How long an answer may wait for its reader without a byte being taken. */
  readonly responseIdleTimeoutMs: number;
  /** How long a connection without a request is kept. */
  readonly keepAliveTimeoutMs: number;
  /** How many connections there may be at the same time. */
  readonly limit: number;
}

const longestMs = 600_000;

/** Reads the bounds of connections. */
export function readConnections(readers: Readers): ConnectionConfig {
  const time = (name: string, fallback: number): number =>
    readers.wholeNumber(name, { min: 100, max: longestMs, fallback });
  const connections = {
    headersTimeoutMs: time('HEADERS_TIMEOUT_MS', 10_000),
    requestTimeoutMs: time('REQUEST_TIMEOUT_MS', 30_000),
    responseIdleTimeoutMs: time('RESPONSE_IDLE_TIMEOUT_MS', 15_000),
    keepAliveTimeoutMs: time('KEEP_ALIVE_TIMEOUT_MS', 72_000),
    limit: readers.wholeNumber('MAX_CONNECTIONS', { min: 1, max: 1_000_000, fallback: 10_000 }),
  };
  if (connections.headersTimeoutMs > connections.requestTimeoutMs) {
    readers.report(
      'HEADERS_TIMEOUT_MS must not be more than REQUEST_TIMEOUT_MS: the headers are a part of the request.',
    );
  }
  return connections;
}
