import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { ConfigError } from '../config/readers.ts';
import type { OtlpConfig } from '../config/telemetry.ts';
import { NamedFileError, readNamedFile } from '../shared/namedFile.ts';
import { systemCodeOf } from '../shared/systemCode.ts';
import { createProxiedAgent } from './sdk/proxyAgents.ts';

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
    const code = systemCodeOf(error) ?? 'unknown';
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
    throw new ConfigError([`${name} cannot be used: the file holds no ${what} in PEM.`]);
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
