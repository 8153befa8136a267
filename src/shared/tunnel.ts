import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { type buildConnector, Client, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { type ForwardProxy, TunnelError } from './proxy.ts';

interface TunnelOptions {
  /** Of each step: the connection to the proxy, and its answer. 0 leaves both to the signal. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Whom to trust if the proxy itself speaks TLS. */
  readonly secureContext?: SecureContext;
  /** Called once the proxy is connected, before it is asked. */
  readonly onConnect?: () => void;
}

/**
 * Has a forward proxy open a tunnel to a host and port.
 * @throws an error whose `code` is the proxy's status if that is not 200.
 */
export async function openTunnel(
  { url, authorization }: ForwardProxy,
  place: string,
  { timeoutMs, signal, onConnect, ...trust }: TunnelOptions,
): Promise<Socket> {
  const client = new Client(url.origin, {
    headersTimeout: timeoutMs,
    connect: { timeout: timeoutMs, ...trust },
  });
  client.on('connect', () => onConnect?.());
  try {
    const { socket, statusCode } = await client.connect({
      path: place,
      signal: signal ?? null,
      headers: {
        host: place,
        ...(authorization && { 'proxy-authorization': authorization.reveal() }),
      },
    });
    // What breaks later is seen by what goes through it, and must end nothing else.
    socket.on('error', () => undefined);
    if (statusCode !== 200) {
      socket.destroy();
      throw Object.assign(new Error('The proxy opened no tunnel.'), { code: statusCode });
    }
    // undici says Duplex; it is the connection itself.
    return socket as Socket;
  } finally {
    // The socket of a tunnel is no longer the client's.
    client.close(() => undefined);
  }
}

/** How connections through a proxy are made. */
interface AgentOptions {
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
  { connect, ...options }: AgentOptions,
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
