import { type ForwardProxy, proxyFor } from '../shared/proxy.ts';
import type { Secret } from '../shared/secret.ts';
import { parseKeyValues, type Readers, readProxies } from './readers.ts';
import { read, readAs, type ValueOf } from './variables.ts';

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

/** Reads OpenTelemetry's own variables, as far as this gateway understands them. */
export function readTelemetry(readers: Readers, gatewayPort: number): TelemetryConfig {
  const isDisabled = read(readers, 'OTEL_SDK_DISABLED');
  read(readers, 'OTEL_LOGS_EXPORTER');
  read(readers, 'OTEL_PROPAGATORS');
  const resource = readResource(readers);
  const traces = readTraces(readers);
  const metrics = readMetrics(readers, gatewayPort);
  return isDisabled
    ? { resource, traces: undefined, metrics: { prometheus: undefined, otlp: undefined } }
    : { resource, traces, metrics };
}

function readResource(readers: Readers): Readonly<Record<string, string>> {
  const text = read(readers, 'OTEL_RESOURCE_ATTRIBUTES') ?? '';
  const attributes = parseKeyValues(text);
  if (attributes === undefined) {
    readers.report('OTEL_RESOURCE_ATTRIBUTES must be key=value, with commas between.');
  }
  const named = read(readers, 'OTEL_SERVICE_NAME');
  return {
    'service.name': 'compliance-partner-gateway',
    ...Object.fromEntries(attributes ?? []),
    ...(named !== undefined && { 'service.name': named }),
  };
}

function readMetrics(readers: Readers, gatewayPort: number): MetricsConfig {
  const given = read(readers, 'OTEL_METRICS_EXPORTER');
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
    host: read(readers, 'OTEL_EXPORTER_PROMETHEUS_HOST'),
    port: read(readers, 'OTEL_EXPORTER_PROMETHEUS_PORT'),
  };
}

function readPush(readers: Readers): MetricsPushConfig {
  const intervalMs = read(readers, 'OTEL_METRIC_EXPORT_INTERVAL');
  const exportTimeoutMs = read(readers, 'OTEL_METRIC_EXPORT_TIMEOUT', Math.min(30_000, intervalMs));
  if (exportTimeoutMs > intervalMs) {
    readers.report('OTEL_METRIC_EXPORT_TIMEOUT must not be more than OTEL_METRIC_EXPORT_INTERVAL.');
  }
  const temporality = read(readers, 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE');
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
type OtlpPart =
  | 'PROTOCOL'
  | 'HEADERS'
  | 'TIMEOUT'
  | 'COMPRESSION'
  | 'CERTIFICATE'
  | 'CLIENT_CERTIFICATE'
  | 'CLIENT_KEY';
const defaultRoot = 'http://localhost:4318';

/** Whether an endpoint is configured for this kind of telemetry. */
function namesCollector(readers: Readers, signal: Signal): boolean {
  return ['', `${signal}_`].some((part) => readers.text(`${general}${part}ENDPOINT`) !== undefined);
}

/** Reads the variables of one kind of telemetry; what is set for it alone wins over what is set for all. */
function readOtlp(readers: Readers, signal: Signal): OtlpConfig {
  const readPart = <Part extends OtlpPart>(part: Part): ValueOf<`${typeof general}${Part}`> => {
    const common = read(readers, `${general}${part}`);
    const name = `${general}${signal}_${part}`;
    return readers.text(name) === undefined ? common : readAs(readers, `${general}${part}`, name);
  };
  const clientCertificatePath = readPart('CLIENT_CERTIFICATE');
  const clientKeyPath = readPart('CLIENT_KEY');
  if ((clientCertificatePath === undefined) !== (clientKeyPath === undefined)) {
    readers.report(
      `${general}CLIENT_CERTIFICATE and ${general}CLIENT_KEY belong together: set both or none.`,
    );
  }
  const url = readUrl(readers, signal);
  return {
    url,
    proxy: proxyFor(url, readProxies(readers)),
    protocol: readPart('PROTOCOL'),
    headers: readPart('HEADERS'),
    compression: readPart('COMPRESSION'),
    timeoutMs: readPart('TIMEOUT'),
    certificatePath: readPart('CERTIFICATE'),
    clientCertificatePath,
    clientKeyPath,
  };
}

/** An address for one kind is taken as it is; to the one for all, the path of the kind is added. */
function readUrl(readers: Readers, signal: Signal): URL {
  const special = readAs(readers, `${general}ENDPOINT`, `${general}${signal}_ENDPOINT`);
  const root = read(readers, `${general}ENDPOINT`);
  const base = (root ?? new URL(defaultRoot)).href.replace(/\/?$/, '/');
  return special ?? new URL(`v1/${signal.toLowerCase()}`, base);
}

/** Which traces are recorded and sent. */
export interface TracesConfig {
  readonly otlp: OtlpConfig;
  readonly sampler: SamplerConfig;
  readonly batch: BatchConfig;
}

export interface SamplerConfig {
  readonly name: ValueOf<'OTEL_TRACES_SAMPLER'>;
  /** From 0 to 1: how much of what begins here is recorded, where the sampler counts. */
  readonly ratio: number;
}

interface BatchConfig {
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
  readonly scheduledDelayMs: number;
  readonly exportTimeoutMs: number;
}

/** Reads whether traces are sent, and how; undefined if they are not. */
function readTraces(readers: Readers): TracesConfig | undefined {
  const exporter = read(readers, 'OTEL_TRACES_EXPORTER');
  const isNamed = readers.text('OTEL_TRACES_EXPORTER') !== undefined;
  const isWanted = isNamed ? exporter === 'otlp' : namesCollector(readers, 'TRACES');
  const sampler = {
    name: read(readers, 'OTEL_TRACES_SAMPLER'),
    ratio: read(readers, 'OTEL_TRACES_SAMPLER_ARG'),
  };
  return isWanted
    ? { otlp: readOtlp(readers, 'TRACES'), sampler, batch: readBatch(readers) }
    : undefined;
}

function readBatch(readers: Readers): BatchConfig {
  const batch = {
    maxQueueSize: read(readers, 'OTEL_BSP_MAX_QUEUE_SIZE'),
    maxExportBatchSize: read(readers, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE'),
    scheduledDelayMs: read(readers, 'OTEL_BSP_SCHEDULE_DELAY'),
    exportTimeoutMs: read(readers, 'OTEL_BSP_EXPORT_TIMEOUT'),
  };
  if (batch.maxExportBatchSize > batch.maxQueueSize) {
    readers.report('OTEL_BSP_MAX_EXPORT_BATCH_SIZE must not be more than OTEL_BSP_MAX_QUEUE_SIZE.');
  }
  return batch;
}
