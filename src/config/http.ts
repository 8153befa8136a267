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
  /** What bodies may take that are still arriving. */
  readonly arriving: {
    readonly bodies: number;
    /** All that has arrived of them together. */
    readonly bytes: number;
    /** How fast each has to arrive, on average, after a few seconds; 0 sets no bound. */
    readonly bytesPerSecond: number;
  };
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
    arriving: {
      bodies: readers.wholeNumber('MAX_ARRIVING_BODIES', {
        min: 1,
        max: 100_000,
        fallback: 2_500,
      }),
      bytes: readers.wholeNumber('MAX_ARRIVING_BODY_BYTES', {
        min: 1_048_576,
        max: 1_073_741_824,
        fallback: 16_777_216,
      }),
      bytesPerSecond: readers.wholeNumber('MIN_BODY_BYTES_PER_SECOND', {
        min: 0,
        max: 1_000_000,
        fallback: 240,
      }),
    },
  };
  if (connections.headersTimeoutMs > connections.requestTimeoutMs) {
    readers.report(
      'HEADERS_TIMEOUT_MS must not be more than REQUEST_TIMEOUT_MS: the headers are a part of the request.',
    );
  }
  return connections;
}
