import { type ClientRequest, Agent as HttpAgent, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { type SecureContextOptions, connect as secure } from 'node:tls';
import { Client } from 'undici';
import type { ForwardProxy } from '../../shared/proxy.ts';

/** Whether connections are kept, and whom to trust on the other side of a tunnel. */
export interface ProxiedAgentOptions extends Pick<SecureContextOptions, 'ca' | 'cert' | 'key'> {
  readonly keepAlive: boolean;
}

/** Makes the agent that reaches a collector through a proxy, for exporters that know node:http only. */
export function createProxiedAgent(
  url: URL,
  proxy: ForwardProxy,
  options: ProxiedAgentOptions,
): HttpAgent {
  return url.protocol === 'https:'
    ? new TunnelAgent(url, proxy, options)
    : new ForwardingAgent(url, proxy, options);
}

const tunnelTimeoutMs = 10_000;

/** Speaks TLS with the collector through a tunnel that the proxy opens. */
class TunnelAgent extends HttpsAgent {
  readonly #url: URL;
  readonly #proxy: ForwardProxy;
  readonly #tls: SecureContextOptions;

  constructor(url: URL, proxy: ForwardProxy, options: ProxiedAgentOptions) {
    super(options);
    this.#tls = options;
    this.#url = url;
    this.#proxy = proxy;
  }

  override createConnection(
    _options: unknown,
    done: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    const fail = done as (error: Error) => void;
    this.#openTunnel().then((socket) => {
      const { hostname } = this.#url;
      const host = hostname.replace(/^\[|\]$/g, '');
      const secured = secure({
        ...this.#tls,
        socket,
        host,
        ...(isIP(host) === 0 && { servername: host }),
      });
      done(null, secured);
    }, fail);
  }

  async #openTunnel(): Promise<Duplex> {
    const { url, authorization } = this.#proxy;
    const client = new Client(url.origin, {
      headersTimeout: tunnelTimeoutMs,
      connect: { timeout: tunnelTimeoutMs },
    });
    const host = `${this.#url.hostname}:${this.#url.port || 443}`;
    try {
      const { socket, statusCode } = await client.connect({
        path: host,
        headers: {
          host,
          ...(authorization && { 'proxy-authorization': authorization.reveal() }),
        },
      });
      if (statusCode !== 200) {
        socket.on('error', () => undefined).destroy();
        throw Object.assign(new Error('The proxy opened no tunnel.'), { code: statusCode });
      }
      return socket;
    } finally {
      // The socket of a tunnel is no longer the client's.
      client.close(() => undefined);
    }
  }
}

/** Sends plain requests to the proxy, with the whole address of the collector in them. */
class ForwardingAgent extends HttpAgent {
  readonly #url: URL;
  readonly #proxy: ForwardProxy;

  constructor(url: URL, proxy: ForwardProxy, options: ProxiedAgentOptions) {
    super(options);
    this.#url = url;
    this.#proxy = proxy;
  }

  /** Node.js calls it for each request before its head is written; that is documented nowhere, and used by many. */
  addRequest(request: ClientRequest, options: RequestOptions): void {
    const { url, authorization } = this.#proxy;
    request.path = this.#url.href;
    if (authorization !== undefined) {
      request.setHeader('proxy-authorization', authorization.reveal());
    }
    const place = { ...options, host: url.hostname, port: url.port || 80 };
    const add: unknown = Reflect.get(HttpAgent.prototype, 'addRequest');
    if (typeof add === 'function') {
      Reflect.apply(add, this, [request, place]);
    }
  }
}
