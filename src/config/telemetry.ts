import { type ForwardProxy, proxyFor } from '../shared/proxy.ts';
import { Secret } from '../shared/secret.ts';
import {
  findCollectorUrlProblem,
  parseKeyValues,
  type Readers,
  readProxies,
  shown,
} from './readers.ts';

/** What the gateway tells of itself, and to whom. With neither traces nor metrics nothing of it is even loaded. */
export interface TelemetryConfig {
  /** Who speaks: `service.name` and whatever else operators sort by. */
  readonly resource: Readonly<Record<string, string>>;
  readonly traces: TracesConfig | undefined;
  readonly metrics: MetricsConfig;
}

export interface MetricsConfig {
  readonly prometheus: ListenConfig | undefined;
  readonly otlp: MetricsPushConfig | undefined;
}

export interface ListenConfig {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

export interface MetricsPushConfig extends OtlpConfig {
  readonly intervalMs: number;
  readonly exportTimeoutMs: number;
  readonly temporality: 'cumulative' | 'delta' | 'lowmemory';
}

const longestMs = 3_600_000;

/** Reads OpenTelemetry's own variables, as far as this gateway understands them. */
export function readTelemetry(readers: Readers, gatewayPort: number): TelemetryConfig {
  const isDisabled = readers.flag('OTEL_SDK_DISABLED', false);
  // Logs are lines on standard output; the context of others than W3C's is not understood.
  readers.oneOf('OTEL_LOGS_EXPORTER', ['none']);
  readers.someOf('OTEL_PROPAGATORS', ['tracecontext']);
  const resource = readResource(readers);
  const traces = readTraces(readers);
  const metrics = readMetrics(readers, gatewayPort);
  return isDisabled
    ? { resource, traces: undefined, metrics: { prometheus: undefined, otlp: undefined } }
    : { resource, traces, metrics };
}

function readResource(readers: Readers): Readonly<Record<string, string>> {
  const text = readers.text('OTEL_RESOURCE_ATTRIBUTES') ?? '';
  const attributes = parseKeyValues(text);
  if (attributes === undefined) {
    readers.report('OTEL_RESOURCE_ATTRIBUTES must be key=value, with commas between.');
  }
  const named = readers.text('OTEL_SERVICE_NAME');
  return {
    'service.name': 'compliance-partner-gateway',
    ...Object.fromEntries(attributes ?? []),
    ...(named !== undefined && { 'service.name': named }),
  };
}

function readMetrics(readers: Readers, gatewayPort: number): MetricsConfig {
  const given = readers.someOf('OTEL_METRICS_EXPORTER', ['otlp', 'prometheus', 'none']);
  if (given.length > 1 && given.includes('none')) {
    readers.report('OTEL_METRICS_EXPORTER has none beside others: name one or the other.');
  }
  const isNamed = readers.text('OTEL_METRICS_EXPORTER') !== undefined;
  const pushes = isNamed ? given.includes('otlp') : namesCollector(readers, 'METRICS');
  const prometheus = readPrometheus(readers);
  if (given.includes('prometheus') && prometheus.port !== 0 && prometheus.port === gatewayPort) {
    readers.report('OTEL_EXPORTER_PROMETHEUS_PORT is PORT: metrics need a port of their own.');
  }
  return {
    prometheus: given.includes('prometheus') ? prometheus : undefined,
    otlp: pushes ? readPush(readers) : undefined,
  };
}

function readPrometheus(readers: Readers): ListenConfig {
  return {
    host: readers.host('OTEL_EXPORTER_PROMETHEUS_HOST', 'localhost'),
    port: readers.wholeNumber('OTEL_EXPORTER_PROMETHEUS_PORT', {
      min: 0,
      max: 65_535,
      fallback: 9464,
    }),
  };
}

function readPush(readers: Readers): MetricsPushConfig {
  const intervalMs = readers.wholeNumber('OTEL_METRIC_EXPORT_INTERVAL', {
    min: 100,
    max: longestMs,
    fallback: 60_000,
  });
  const exportTimeoutMs = readers.wholeNumber('OTEL_METRIC_EXPORT_TIMEOUT', {
    min: 1,
    max: longestMs,
    fallback: Math.min(30_000, intervalMs),
  });
  if (exportTimeoutMs > intervalMs) {
    readers.report('OTEL_METRIC_EXPORT_TIMEOUT must not be more than OTEL_METRIC_EXPORT_INTERVAL.');
  }
  const temporality =
    readers.oneOf('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', [
      'cumulative',
      'delta',
      'lowmemory',
    ]) ?? 'cumulative';
  return { ...readOtlp(readers, 'METRICS'), intervalMs, exportTimeoutMs, temporality };
}

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

/** Whether an endpoint is configured for this kind of telemetry. */
function namesCollector(readers: Readers, signal: Signal): boolean {
  return ['', `${signal}_`].some((part) => readers.text(`${general}${part}ENDPOINT`) !== undefined);
}

/** Reads the variables of one kind of telemetry; what is set for it alone wins over what is set for all. */
function readOtlp(readers: Readers, signal: Signal): OtlpConfig {
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

/** Which traces are recorded and sent. */
export interface TracesConfig {
  readonly otlp: OtlpConfig;
  readonly sampler: SamplerConfig;
  readonly batch: BatchConfig;
}

export interface SamplerConfig {
  readonly name: (typeof samplers)[number];
  /** From 0 to 1: how much of what begins here is recorded, where the sampler counts. */
  readonly ratio: number;
}

interface BatchConfig {
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
  readonly scheduledDelayMs: number;
  readonly exportTimeoutMs: number;
}

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

const largestQueue = 100_000;
const longestExportMs = 600_000;

/** Reads whether traces are sent, and how; undefined where they are not. */
function readTraces(readers: Readers): TracesConfig | undefined {
  const exporter = readers.oneOf('OTEL_TRACES_EXPORTER', ['otlp', 'none']);
  const isNamed = readers.text('OTEL_TRACES_EXPORTER') !== undefined;
  const isWanted = isNamed ? exporter === 'otlp' : namesCollector(readers, 'TRACES');
  const sampler = readSampler(readers);
  return isWanted
    ? { otlp: readOtlp(readers, 'TRACES'), sampler, batch: readBatch(readers) }
    : undefined;
}

function readSampler(readers: Readers): SamplerConfig {
  const name = readers.oneOf('OTEL_TRACES_SAMPLER', samplers) ?? 'parentbased_always_on';
  const text = readers.text('OTEL_TRACES_SAMPLER_ARG');
  const ratio = /^\d(\.\d{1,15})?$/.test(text ?? '1') ? Number(text ?? '1') : Number.NaN;
  const isUsable = ratio >= 0 && ratio <= 1;
  if (!isUsable) {
    readers.report(
      `OTEL_TRACES_SAMPLER_ARG is "${shown(text ?? '')}"; it must be a number from 0 to 1.`,
    );
  }
  return { name, ratio: isUsable ? ratio : 1 };
}

function readBatch(readers: Readers): BatchConfig {
  const number = (name: string, fallback: number, max: number) =>
    readers.wholeNumber(name, { min: 1, max, fallback });
  const batch = {
    maxQueueSize: number('OTEL_BSP_MAX_QUEUE_SIZE', 2048, largestQueue),
    maxExportBatchSize: number('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512, largestQueue),
    scheduledDelayMs: number('OTEL_BSP_SCHEDULE_DELAY', 5000, longestExportMs),
    exportTimeoutMs: number('OTEL_BSP_EXPORT_TIMEOUT', 30_000, longestExportMs),
  };
  if (batch.maxExportBatchSize > batch.maxQueueSize) {
    readers.report('OTEL_BSP_MAX_EXPORT_BATCH_SIZE must not be more than OTEL_BSP_MAX_QUEUE_SIZE.');
  }
  return batch;
}
