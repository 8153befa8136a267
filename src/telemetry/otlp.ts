import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  type AgentOptions,
  type ClientRequest,
  Agent as HttpAgent,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContextOptions, connect as secure } from 'node:tls';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { ConfigError } from '../config/readers.ts';
import type { OtlpConfig } from '../config/telemetry.ts';
import type { Clock } from '../shared/clock.ts';
import { errnoCodeOf } from '../shared/forms.ts';
import { NamedFileError, readNamedFile } from '../shared/namedFile.ts';
import type { ForwardProxy } from '../shared/proxy.ts';
import { openTunnel } from '../shared/tunnel.ts';
import type { Log } from './log.ts';

/**
 * Makes the exporters' own options; all of them are said, so that none is taken from the environment behind our back.
 * @throws ConfigError if a file cannot be read, or is no certificate or key.
 */
export async function otlpOptionsOf(otlp: OtlpConfig) {
  const { url, headers, compression, timeoutMs, proxy } = otlp;
  const revealed = Object.entries(headers).map(([name, value]) => [name, value.reveal()]);
  const agentOptions = { keepAlive: true, ...(await readTls(otlp)) };
  // Exporters know node:http only.
  const ProxiedAgent = url.protocol === 'https:' ? TunnelAgent : ForwardingAgent;
  return {
    url: url.href,
    headers: Object.fromEntries(revealed),
    compression: compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
    timeoutMillis: timeoutMs,
    httpAgentOptions: proxy ? () => new ProxiedAgent(url, proxy, agentOptions) : agentOptions,
  };
}

async function readTls({ certificatePath, clientCertificatePath, clientKeyPath }: OtlpConfig) {
  const [ca, cert, key] = await Promise.all([
    readPem('CERTIFICATE', certificatePath),
    readPem('CLIENT_CERTIFICATE', clientCertificatePath),
    readPem('CLIENT_KEY', clientKeyPath),
  ]);
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
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

/** Read here, because Node.js would fail at the first connection only, or take a text without one for no authority. */
async function readPem(
  variable: 'CERTIFICATE' | 'CLIENT_CERTIFICATE' | 'CLIENT_KEY',
  path: string | undefined,
): Promise<Buffer | undefined> {
  if (path === undefined) {
    return undefined;
  }
  const name = `OTEL_EXPORTER_OTLP_${variable}`;
  const isKey = variable === 'CLIENT_KEY';
  try {
    const pem = await readNamedFile(path);
    isKey ? createPrivateKey(pem) : new X509Certificate(pem);
    return pem;
  } catch (error) {
    throw new ConfigError([
      error instanceof NamedFileError
        ? `${name} cannot be read: ${error.reason}.`
        : `${name} cannot be used: the file has no ${isKey ? 'private key' : 'certificate'} in PEM.`,
    ]);
  }
}

/** What telemetry takes from the outside. */
export interface TelemetryParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Tells this replica from others. */
  readonly instanceId: string;
}

interface ExportResult {
  /** 0 is a success. */
  readonly code: number;
  /** Its code is an HTTP status, or a system's. */
  readonly error?: Error & { readonly code?: unknown };
}

const toldAgainAfterMs = 60_000;

/**
 * Has the log told, once a minute at the most, that telemetry does not get through; an error's own text can hold what a
 * collector answered, so it stays out.
 */
export function tellFailures<Items, Result extends ExportResult>(
  exporter: { export(items: Items, done: (result: Result) => void): void },
  what: 'traces' | 'metrics',
  { clock, log }: TelemetryParts,
): void {
  const send = exporter.export.bind(exporter);
  let toldAtMs = Number.NEGATIVE_INFINITY;
  exporter.export = (items, done) =>
    send(items, (result) => {
      if (result.code !== 0 && clock.now() - toldAtMs >= toldAgainAfterMs) {
        toldAtMs = clock.now();
        const code = result.error?.code;
        log.warn('Telemetry could not be sent', {
          reason: what,
          status: typeof code === 'number' ? code : undefined,
          systemCode: errnoCodeOf(result.error),
        });
      }
      done(result);
    });
}

/** Whether connections are kept, and whom to trust on the other side of a tunnel. */
type ProxiedAgentOptions = AgentOptions & Pick<SecureContextOptions, 'ca' | 'cert' | 'key'>;

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
