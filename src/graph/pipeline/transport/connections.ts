import { Client, type Dispatcher, Pool } from 'undici';
import type { Clock } from '../../../shared/clock.ts';
import type { ForwardProxy } from '../../../shared/proxy.ts';
import { createProxyAgent } from '../../tunnel.ts';
import { maximumHeaderBytes } from './bounds.ts';
import { trustIn } from './trust.ts';

/** How the connections to one origin are made. */
export interface ConnectionOptions {
  /** How many there are at the most at one time. */
  readonly limit: number;
  /** How long one may take to be made, TLS included. */
  readonly connectTimeoutMs: number;
  /** After how long no request takes one any more, so that a changed address is seen. */
  readonly maximumLifeMs: number;
  readonly clock: Clock;
  /** Certificates of authorities to trust beside the machine's own, in PEM. */
  readonly certificateAuthorities?: readonly string[] | undefined;
  /** The forward proxy that leads there. */
  readonly proxy?: ForwardProxy | undefined;
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

/** Makes the connections to one origin, none of them before it is needed. */
export function createConnections(origin: string, options: ConnectionOptions): Connections {
  const { limit, connectTimeoutMs, maximumLifeMs, clock, certificateAuthorities, proxy } = options;
  const common = {
    maxHeaderSize: maximumHeaderBytes,
    connect: { timeout: connectTimeoutMs, ...trustIn(certificateAuthorities) },
  };
  const createPool = (): Dispatcher =>
    proxy
      ? createProxyAgent(proxy, { ...common, connections: limit })
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
    // A clock that was set back counts from there.
    const ageMs = Math.abs(nowMs - poolSinceMs);
    if (ageMs >= maximumLifeMs && !isClosed) {
      closeWhenDone(pool);
      pool = createPool();
      poolSinceMs = nowMs;
    }
  }

  function dispatchOnce(
    request: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): void {
    const client = proxy
      ? createProxyAgent(proxy, { ...common, connections: 1 })
      : new Client(origin, common);
    client.dispatch({ ...request, origin, reset: true }, handler);
    closeWhenDone(client);
  }

  return {
    dispatch(request, handler, onNewConnection) {
      // Once closed, the pool refuses for both.
      if (onNewConnection && !isClosed) {
        dispatchOnce(request, handler);
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
