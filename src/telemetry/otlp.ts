import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { ConfigError } from '../config/readers.ts';
import type { OtlpConfig } from '../config/telemetry.ts';
import type { Clock } from '../shared/clock.ts';
import { errnoCodeOf } from '../shared/forms.ts';
import { NamedFileError, readNamedFile } from '../shared/namedFile.ts';
import type { Log } from './log.ts';
import { createProxiedAgent } from './proxiedAgent.ts';

/**
 * Makes the exporters' own options; all of them are said, so that none is taken from the environment behind our back.
 * @throws ConfigError if a file cannot be read, or is no certificate or key.
 */
export async function otlpOptionsOf(otlp: OtlpConfig) {
  const { url, headers, compression, timeoutMs, proxy } = otlp;
  const revealed = Object.entries(headers).map(([name, value]) => [name, value.reveal()]);
  const agentOptions = { keepAlive: true, ...(await readTls(otlp)) };
  return {
    url: url.href,
    headers: Object.fromEntries(revealed),
    compression: compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
    timeoutMillis: timeoutMs,
    httpAgentOptions: proxy ? () => createProxiedAgent(url, proxy, agentOptions) : agentOptions,
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

type PemVariable = 'CERTIFICATE' | 'CLIENT_CERTIFICATE' | 'CLIENT_KEY';

/** Read here, because Node.js would fail at the first connection only, or take a text without one for no authority. */
async function readPem(
  variable: PemVariable,
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
