import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type ClientRequest, Agent as HttpAgent, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContextOptions, connect as secure } from 'node:tls';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { Client } from 'undici';
import { ConfigError } from '../config/readers.ts';
import type { OtlpConfig } from '../config/telemetry.ts';
import type { Clock } from '../shared/clock.ts';
import { errnoCodeOf } from '../shared/errnoCode.ts';
import { NamedFileError, readNamedFile } from '../shared/namedFile.ts';
import type { ForwardProxy } from '../shared/proxy.ts';
import type { Log } from './log.ts';

/**
 * Makes the exporters' own options; all of them are said, so that none is taken from the environment behind our back.
 * @throws ConfigError if a file cannot be read, or is no certificate or key.
 */
export async function otlpOptionsOf(otlp: OtlpConfig) {
  const { url, headers, compression, timeoutMs, proxy } = otlp;
  const revealed = Object.entries(headers).map(([name, value]) => [name, value.reveal()] as const);
  const agentOptions = { keepAlive: true, ...(await readTls(otlp)) };
  return {
    url: url.href,
    headers: Object.fromEntries(revealed),
    compression: compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
    timeoutMillis: timeoutMs,
    httpAgentOptions: proxy ? () => createProxiedAgent(url, proxy, agentOptions) : agentOptions,
  };
}

interface OtlpTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

async function readTls(otlp: OtlpConfig): Promise<OtlpTls> {
  const { certificatePath, clientCertificatePath, clientKeyPath } = otlp;
  const tls: OtlpTls = {
    ...(certificatePath && { ca: await readPem('CERTIFICATE', certificatePath) }),
    ...(clientCertificatePath && {
      cert: await readPem('CLIENT_CERTIFICATE', clientCertificatePath),
    }),
    ...(clientKeyPath && { key: await readPem('CLIENT_KEY', clientKeyPath) }),
  };
  try {
    createSecureContext(tls);
  } catch (error) {
    const code = errnoCodeOf(error) ?? 'unknown';
    throw new ConfigError([
      `OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY cannot be used together (${code}).`,
    ]);
  }
  return tls;
}

type PemVariable = 'CERTIFICATE' | 'CLIENT_CERTIFICATE' | 'CLIENT_KEY';

async function readPem(variable: PemVariable, path: string): Promise<Buffer> {
  const name = `OTEL_EXPORTER_OTLP_${variable}`;
  let pem: Buffer;
  try {
    pem = await readNamedFile(path);
  } catch (error) {
    if (!(error instanceof NamedFileError)) {
      throw error;
    }
    throw new ConfigError([`${name} cannot be read: ${error.reason}.`]);
  }
  if (!isUsable(variable, pem)) {
    const what = variable === 'CLIENT_KEY' ? 'private key' : 'certificate';
    throw new ConfigError([`${name} cannot be used: the file has no ${what} in PEM.`]);
  }
  return pem;
}

/** Read here, because Node.js would fail at the first connection only, or take a text without one for no authority. */
function isUsable(variable: PemVariable, pem: Buffer): boolean {
  try {
    if (variable === 'CLIENT_KEY') {
      createPrivateKey(pem);
    } else {
      new X509Certificate(pem);
    }
    return true;
  } catch {
    return false;
  }
}

/** What telemetry takes from the outside. */
export interface TelemetryParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Tells this replica from others. */
  readonly instanceId: string;
}

/** The part of an exporter that is watched here. */
interface Exporter<Items, Result> {
  export(items: Items, done: (result: Result) => void): void;
}

interface ExportResult {
  /** 0 is a success. */
  readonly code: number;
  readonly error?: Error;
}

const toldAgainAfterMs = 60_000;

/**
 * Has the log told, once a minute at the most, that telemetry does not get through; an error's own text can hold what a
 * collector answered, so it stays out.
 */
export function tellFailures<Items, Result extends ExportResult>(
  exporter: Exporter<Items, Result>,
  what: 'traces' | 'metrics',
  { clock, log }: TelemetryParts,
): void {
  const send = exporter.export.bind(exporter);
  let toldAtMs = Number.NEGATIVE_INFINITY;
  exporter.export = (items, done) =>
    send(items, (result) => {
      if (result.code !== 0 && clock.now() - toldAtMs >= toldAgainAfterMs) {
        toldAtMs = clock.now();
        log.warn('Telemetry could not be sent', { reason: what, ...factsOf(result.error) });
      }
      done(result);
    });
}

function factsOf(error: unknown): { readonly status?: number; readonly systemCode?: string } {
  const status = typeof error === 'object' && error && 'code' in error ? error.code : undefined;
  const systemCode = errnoCodeOf(error);
  return {
    ...(typeof status === 'number' && { status }),
    ...(systemCode !== undefined && { systemCode }),
  };
}

/** Whether connections are kept, and whom to trust on the other side of a tunnel. */
interface ProxiedAgentOptions extends Pick<SecureContextOptions, 'ca' | 'cert' | 'key'> {
  readonly keepAlive: boolean;
}

/** Makes the agent that reaches a collector through a proxy, for exporters that know node:http only. */
function createProxiedAgent(
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

  /** The agent is for `http`, but the proxy itself may speak TLS. */
  override createConnection(
    ...[options, done]: Parameters<HttpAgent['createConnection']>
  ): ReturnType<HttpAgent['createConnection']> {
    const { protocol, hostname, port } = this.#proxy.url;
    if (protocol !== 'https:') {
      return super.createConnection(options, done);
    }
    const host = hostname.replace(/^\[|\]$/g, '');
    return secure({
      host,
      port: Number(port || 443),
      ...(isIP(host) === 0 && { servername: host }),
    });
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
