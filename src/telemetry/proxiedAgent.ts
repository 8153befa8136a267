import {
  type AgentOptions,
  type ClientRequest,
  Agent as HttpAgent,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { type SecureContextOptions, connect as secure } from 'node:tls';
import type { ForwardProxy } from '../shared/proxy.ts';
import { openTunnel } from '../shared/tunnel.ts';

/** Whether connections are kept, and whom to trust on the other side of a tunnel. */
type ProxiedAgentOptions = AgentOptions & Pick<SecureContextOptions, 'ca' | 'cert' | 'key'>;

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

/** The host of a URL as TLS wants it: checked by name, unless it is an address. */
function tlsHostOf({ hostname }: URL) {
  const host = hostname.replace(/^\[|\]$/g, '');
  return { host, ...(isIP(host) === 0 && { servername: host }) };
}

const tunnelTimeoutMs = 10_000;

/** Speaks TLS with the collector through a tunnel that the proxy opens. */
class TunnelAgent extends HttpsAgent {
  readonly #open: () => Promise<Duplex>;

  constructor(url: URL, proxy: ForwardProxy, options: ProxiedAgentOptions) {
    super(options);
    this.#open = async () => {
      const place = `${url.hostname}:${url.port || 443}`;
      const socket = await openTunnel(proxy, place, { timeoutMs: tunnelTimeoutMs });
      return secure({ ...options, ...tlsHostOf(url), socket });
    };
  }

  override createConnection(
    _options: unknown,
    done: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    this.#open().then((socket) => done(null, socket), done as (error: Error) => void);
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

  /** The agent is for `http`, but the proxy itself may speak TLS. */
  override createConnection(
    ...[options, done]: Parameters<HttpAgent['createConnection']>
  ): ReturnType<HttpAgent['createConnection']> {
    const { url } = this.#proxy;
    return url.protocol === 'https:'
      ? secure({ ...tlsHostOf(url), port: Number(url.port || 443) })
      : super.createConnection(options, done);
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
