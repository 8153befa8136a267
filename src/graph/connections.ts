import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { Dispatcher } from 'undici';
import Client from 'undici/lib/dispatcher/client.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Clock } from '../shared/clock.ts';
import type { createProxyAgent } from '../shared/tunnel.ts';

let last: { readonly authorities: string; readonly secureContext: SecureContext } | undefined;

/**
 * For a connection: trust in authorities beside the machine's own, each in PEM. Node.js takes tens of milliseconds to
 * read all of them, so it does not for each connection, nor for each of the gateway's clients.
 */
export function trustIn(certificateAuthorities: readonly string[] | undefined): {
  readonly secureContext?: SecureContext;
} {
  if (certificateAuthorities === undefined) {
    return {};
  }
  const authorities = certificateAuthorities.join('\n');
  if (last?.authorities !== authorities) {
    const ca = [...rootCertificates, ...certificateAuthorities];
    last = { authorities, secureContext: createSecureContext({ ca }) };
  }
  return { secureContext: last.secureContext };
}

interface ConnectionOptions {
  /** How many there are at the most at one time. */
  readonly limit: number;
  /** How long one may take to be made, TLS included. */
  readonly connectTimeoutMs: number;
  /** After how long no request takes one any more, so that a changed address is seen. */
  readonly maximumLifeMs: number;
  readonly clock: Clock;
  /** Certificates of authorities to trust beside the machine's own, in PEM. */
  readonly certificateAuthorities?: readonly string[] | undefined;
  /** Makes connections inside tunnels of the forward proxy that leads there, if there is one. */
  readonly tunnel?: ((options: Parameters<typeof createProxyAgent>[1]) => Dispatcher) | undefined;
}

/** The connections to one origin. */
export interface Connections {
  /** Sends over a connection that is kept for the next request, or over one of its own that is closed afterwards. */
  dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
    onNewConnection: boolean,
  ): void;
  /** Cuts all of them; none is made after that. */
  close(): Promise<void>;
}

/** Of one answer's headers. */
const maximumHeaderBytes = 16 * 1024;

/** Makes the connections to one origin, none of them before it is needed. */
export function createConnections(origin: string, options: ConnectionOptions): Connections {
  const { limit, connectTimeoutMs, maximumLifeMs, clock, certificateAuthorities, tunnel } = options;
  const common = {
    maxHeaderSize: maximumHeaderBytes,
    connect: { timeout: connectTimeoutMs, ...trustIn(certificateAuthorities) },
  };
  const createPool = (): Dispatcher =>
    tunnel
      ? tunnel({ ...common, connections: limit })
      : new Pool(origin, { ...common, connections: limit });
  let pool = createPool();
  let poolSinceMs = clock.now();
  /** Those that close once what they carry is answered: of one request, or too old for another one. */
  const closing = new Set<Dispatcher>();
  let isClosed = false;

  function closeWhenDone(dispatcher: Dispatcher): void {
    closing.add(dispatcher);
    const forget = (): boolean => closing.delete(dispatcher);
    dispatcher.close().then(forget, forget);
  }

  /** All of them are renewed together: each request takes any of them, so no other one tells how old it is. */
  function renewPool(): void {
    const nowMs = clock.now();
    // If the clock was set back, their age counts from there.
    if (Math.abs(nowMs - poolSinceMs) >= maximumLifeMs && !isClosed) {
      closeWhenDone(pool);
      pool = createPool();
      poolSinceMs = nowMs;
    }
  }

  return {
    dispatch(request, handler, onNewConnection) {
      // Once closed, the pool rejects for both.
      if (onNewConnection && !isClosed) {
        const client = tunnel ? tunnel({ ...common, connections: 1 }) : new Client(origin, common);
        client.dispatch({ ...request, origin, reset: true }, handler);
        closeWhenDone(client);
      } else {
        renewPool();
        pool.dispatch({ ...request, origin }, handler);
      }
    },
    async close() {
      isClosed = true;
      await Promise.all([pool, ...closing].map((dispatcher) => dispatcher.destroy()));
    },
  };
}
