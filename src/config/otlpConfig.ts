import { type ForwardProxy, proxyFor } from '../shared/proxy.ts';
import { Secret } from '../shared/secret.ts';
import { parseKeyValues } from './keyValues.ts';
import { readProxies } from './proxyConfig.ts';
import type { Readers } from './readers.ts';
import { findCollectorUrlProblem } from './urlProblems.ts';

/** How one kind of telemetry is sent to a collector. */
export interface OtlpConfig {
  readonly url: URL;
  readonly protocol: 'http/protobuf' | 'http/json';
  /** Most collectors of others want a key in one of them. */
  readonly headers: Readonly<Record<string, Secret>>;
  readonly compression: 'none' | 'gzip';
  readonly timeoutMs: number;
  /** The forward proxy that leads to the collector. */
  readonly proxy: ForwardProxy | undefined;
  /** Files in PEM: whom to trust, and how the gateway proves itself. */
  readonly certificatePath: string | undefined;
  readonly clientCertificatePath: string | undefined;
  readonly clientKeyPath: string | undefined;
}

type Signal = 'TRACES' | 'METRICS';

const general = 'OTEL_EXPORTER_OTLP_';
const defaultRoot = 'http://localhost:4318';
const longestTimeoutMs = 600_000;

/** Whether somebody said where this kind of telemetry goes. */
export function namesCollector(readers: Readers, signal: Signal): boolean {
  return ['', `${signal}_`].some((part) => readers.text(`${general}${part}ENDPOINT`) !== undefined);
}

/** Reads the variables of one kind of telemetry; what is set for it alone wins over what is set for all. */
export function readOtlp(readers: Readers, signal: Signal): OtlpConfig {
  const read = <Value>(name: string, one: (variable: string) => Value | undefined) => {
    const special = one(`${general}${signal}_${name}`);
    const common = one(`${general}${name}`);
    return special ?? common;
  };
  const clientCertificatePath = read('CLIENT_CERTIFICATE', readers.text);
  const clientKeyPath = read('CLIENT_KEY', readers.text);
  if ((clientCertificatePath === undefined) !== (clientKeyPath === undefined)) {
    readers.report(
      `${general}CLIENT_CERTIFICATE and ${general}CLIENT_KEY belong together: set both or none.`,
    );
  }
  const timeoutMs = read('TIMEOUT', (name) =>
    readers.text(name) === undefined
      ? undefined
      : readers.wholeNumber(name, { min: 1, max: longestTimeoutMs, fallback: 0 }),
  );
  const url = readUrl(readers, signal);
  return {
    url,
    proxy: proxyFor(url, readProxies(readers)),
    protocol:
      read('PROTOCOL', (name) => readers.oneOf(name, ['http/protobuf', 'http/json'])) ??
      'http/protobuf',
    headers: read('HEADERS', (name) => readHeaders(readers, name)) ?? {},
    compression: read('COMPRESSION', (name) => readers.oneOf(name, ['none', 'gzip'])) ?? 'none',
    timeoutMs: timeoutMs ?? 10_000,
    certificatePath: read('CERTIFICATE', readers.text),
    clientCertificatePath,
    clientKeyPath,
  };
}

/** An address for one kind is taken as it is; to the one for all, the path of the kind is added. */
function readUrl(readers: Readers, signal: Signal): URL {
  const special = readers.checkedUrl(`${general}${signal}_ENDPOINT`, findCollectorUrlProblem);
  const root = readers.checkedUrl(`${general}ENDPOINT`, findCollectorUrlProblem);
  const base = (root ?? new URL(defaultRoot)).href.replace(/\/?$/, '/');
  return special ?? new URL(`v1/${signal.toLowerCase()}`, base);
}

/** Their values are never shown, not even where they cannot be used. */
function readHeaders(readers: Readers, name: string): Readonly<Record<string, Secret>> | undefined {
  const text = readers.text(name);
  if (text === undefined) {
    return undefined;
  }
  const pairs = [...(parseKeyValues(text) ?? [['', '']])];
  const isSendable = pairs.every(
    ([key = '', value = '']) => /^[\w!#$%&'*+.^`|~-]+$/.test(key) && /^[\x20-\x7e]*$/.test(value),
  );
  if (!isSendable) {
    readers.report(`${name} cannot be used: it must be name=value, with commas between.`);
  }
  return Object.fromEntries(pairs.map(([key = '', value = '']) => [key, new Secret(value)]));
}
