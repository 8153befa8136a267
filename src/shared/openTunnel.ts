import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { Client } from 'undici';
import type { ForwardProxy } from './proxy.ts';

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
