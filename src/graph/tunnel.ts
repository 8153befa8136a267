import { type buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { ForwardProxy } from '../shared/proxy.ts';
import { TunnelError } from './networkError.ts';

/** How connections through a proxy are made. */
interface TunnelOptions {
  readonly connections?: number;
  readonly maxHeaderSize?: number;
  readonly headersTimeout?: number;
  readonly bodyTimeout?: number;
  /** Of the connection to the proxy and of the one inside the tunnel; the timeout is for each step. */
  readonly connect: buildConnector.BuildOptions & { readonly timeout: number };
}

/**
 * Makes undici's agent for a proxy. What it is asked for names its origin; a request begins to go out only once the
 * tunnel to that origin stands.
 */
export function createProxyAgent(
  { url, authorization }: ForwardProxy,
  { connect, ...options }: TunnelOptions,
): ProxyAgent {
  const { timeout } = connect;
  return new TunnelAgent({
    ...options,
    uri: url.href,
    ...(authorization && { token: authorization.reveal() }),
    proxyTls: connect,
    requestTls: connect,
    // A proxy that is silent after CONNECT would else hold a place for minutes.
    clientFactory: (origin, given) => new TunnelPool(origin, { ...given, headersTimeout: timeout }),
  });
}

/** undici's agent writes the host into the headers that it is given, which may be those of the next request as well. */
class TunnelAgent extends ProxyAgent {
  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    const { headers } = options;
    const isRecord = headers && !(Symbol.iterator in headers);
    return super.dispatch(isRecord ? { ...options, headers: { ...headers } } : options, handler);
  }
}

/** Connections to a proxy; each carries one CONNECT. */
class TunnelPool extends Pool {
  // The agent uses the form with a promise.
  override connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData>;
  override connect(): void;
  override async connect(options?: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> {
    const connected = await super.connect(options as Dispatcher.ConnectOptions).catch((cause) => {
      throw new TunnelError(undefined, cause);
    });
    if (connected.statusCode !== 200) {
      connected.socket.on('error', () => undefined).destroy();
      throw new TunnelError(connected.statusCode);
    }
    return connected;
  }
}
