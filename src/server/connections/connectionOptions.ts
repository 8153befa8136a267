import type { Server } from 'node:http';
import type { FastifyHttpOptions } from 'fastify';
import type { ArrivalBounds } from '../../http/arrivingBodies.ts';

/** How long callers' connections may take, in milliseconds, and how many there may be. */
export interface ConnectionTimes {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly responseIdleTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly limit: number;
  readonly arriving: ArrivalBounds;
}

/** node:http looks for late requests this often; its own 30 s would make 40 s out of 10. */
const longestCheckMs = 1_000;

/** Gives the server's options that bound how long a request may take to arrive. */
export function connectionOptions(times: ConnectionTimes) {
  const { headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = times;
  return {
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    http: {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(headersTimeoutMs, longestCheckMs),
      // Answered in JSON by `addConnectionFaults`.
      requireHostHeader: false,
    },
  } satisfies FastifyHttpOptions<Server>;
}
