import { Client, type Dispatcher, Pool } from 'undici';
import type { ForwardProxy } from '../../../proxy.ts';
import { maximumHeaderBytes } from './bounds.ts';
import { trustIn } from './trust.ts';
import { createProxyAgent } from './tunnel.ts';

/** How the connections to one origin are made. */
export interface ConnectionOptions {
  /** How many there are at the most at one time. */
  readonly limit: number;
  /** How long one may take to be made, TLS included. */
  readonly connectTimeoutMs: number;
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
  const { limit, connectTimeoutMs, certificateAuthorities, proxy } = options;
  const common = {
    maxHeaderSize: maximumHeaderBytes,
    connect: { timeout: connectTimeoutMs, ...trustIn(certificateAuthorities) },
  };
  const pool = proxy
    ? createProxyAgent(proxy, { ...common, connections: limit })
    : new Pool(origin, { ...common, connections: limit });
  const single = new Set<Dispatcher>();
  let isClosed = false;

  function dispatchOnce(
    request: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): void {
    const client = proxy
      ? createProxyAgent(proxy, { ...common, connections: 1 })
      : new Client(origin, common);
    single.add(client);
    client.dispatch({ ...request, origin, reset: true }, handler);
    const forget = (): boolean => single.delete(client);
    client.close().then(forget, forget);
  }

  return {
    dispatch(request, handler, onNewConnection) {
      // Once closed, the pool refuses for both.
      if (onNewConnection && !isClosed) {
        dispatchOnce(request, handler);
      } else {
        pool.dispatch({ ...request, origin }, handler);
      }
    },
    async close() {
      isClosed = true;
      await Promise.all([pool, ...single].map((dispatcher) => dispatcher.destroy()));
    },
  };
}
