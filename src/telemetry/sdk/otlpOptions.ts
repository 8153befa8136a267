import { readFileSync } from 'node:fs';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import type { OtlpConfig } from '../../config/otlpConfig.ts';
import { StartError } from '../../config/startError.ts';
import { systemCodeOf } from '../../systemCode.ts';

/** Makes the exporters' own options; all of them are said, so that none is taken from the environment behind our back. */
export function otlpOptionsOf(otlp: OtlpConfig) {
  const { url, headers, compression, timeoutMs } = otlp;
  const { certificatePath, clientCertificatePath, clientKeyPath } = otlp;
  const revealed = Object.entries(headers).map(([name, value]) => [name, value.reveal()] as const);
  return {
    url: url.href,
    headers: Object.fromEntries(revealed),
    compression: compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
    timeoutMillis: timeoutMs,
    httpAgentOptions: {
      keepAlive: true,
      ...readPem('ca', 'CERTIFICATE', certificatePath),
      ...readPem('cert', 'CLIENT_CERTIFICATE', clientCertificatePath),
      ...readPem('key', 'CLIENT_KEY', clientKeyPath),
    },
  };
}

function readPem(
  option: 'ca' | 'cert' | 'key',
  variable: string,
  path: string | undefined,
): { readonly [Option in typeof option]?: Buffer } {
  if (path === undefined) {
    return {};
  }
  try {
    return { [option]: readFileSync(path) };
  } catch (error) {
    const code = systemCodeOf(error) ?? 'unknown';
    throw new StartError(`the file of OTEL_EXPORTER_OTLP_${variable} cannot be read (${code}).`);
  }
}
