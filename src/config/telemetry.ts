import { type ForwardProxy, proxyFor } from '../shared/proxy.ts';
import { parseKeyValues, type Readers, readProxies } from './readers.ts';
import { read, readAll, type Settings, type ValueOf } from './variables.ts';

/** What the gateway tells of itself, and to whom. With neither traces nor metrics nothing of it is even loaded. */
export interface TelemetryConfig {
  /** Who speaks: `service.name` and whatever else operators sort by. */
  readonly resource: Readonly<Record<string, string>>;
  readonly traces: TracesConfig | undefined;
  readonly metrics: MetricsConfig;
}

interface MetricsConfig {
  readonly prometheus: ListenConfig | undefined;
  readonly otlp: MetricsPushConfig | undefined;
}

const listenSettings = {
  host: 'OTEL_EXPORTER_PROMETHEUS_HOST',
  /** 0 takes any free port. */
  port: 'OTEL_EXPORTER_PROMETHEUS_PORT',
} as const;
export type ListenConfig = Settings<typeof listenSettings>;

const pushSettings = {
  intervalMs: 'OTEL_METRIC_EXPORT_INTERVAL',
  temporality: 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE',
} as const;
export interface MetricsPushConfig extends OtlpConfig, Settings<typeof pushSettings> {
  readonly exportTimeoutMs: number;
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
  const prometheus = readAll(readers, listenSettings);
  if (given.includes('prometheus') && prometheus.port !== 0 && prometheus.port === gatewayPort) {
    readers.report('OTEL_EXPORTER_PROMETHEUS_PORT is PORT: metrics need a port of their own.');
  }
  return {
    prometheus: given.includes('prometheus') ? prometheus : undefined,
    otlp: pushes ? readPush(readers) : undefined,
  };
}

function readPush(readers: Readers): MetricsPushConfig {
  const push = readAll(readers, pushSettings);
  const usualTimeoutMs = Math.min(30_000, push.intervalMs);
  const exportTimeoutMs = read(readers, 'OTEL_METRIC_EXPORT_TIMEOUT', usualTimeoutMs);
  if (exportTimeoutMs > push.intervalMs) {
    readers.report('OTEL_METRIC_EXPORT_TIMEOUT must not be more than OTEL_METRIC_EXPORT_INTERVAL.');
  }
  return { ...readOtlp(readers, 'METRICS'), ...push, exportTimeoutMs };
}

const general = 'OTEL_EXPORTER_OTLP_';

/** What can be set for all kinds of telemetry, and for each alone. */
const otlpParts = {
  protocol: 'PROTOCOL',
  /** Most collectors of others want a key in one of them. */
  headers: 'HEADERS',
  compression: 'COMPRESSION',
  timeoutMs: 'TIMEOUT',
  certificatePath: 'CERTIFICATE',
  clientCertificatePath: 'CLIENT_CERTIFICATE',
  clientKeyPath: 'CLIENT_KEY',
} as const;

type OtlpSettings = {
  readonly [Key in keyof typeof otlpParts]: ValueOf<`${typeof general}${(typeof otlpParts)[Key]}`>;
};

/** How one kind of telemetry is sent to a collector. */
export interface OtlpConfig extends OtlpSettings {
  readonly url: URL;
  /** The forward proxy that leads to the collector. */
  readonly proxy: ForwardProxy | undefined;
}

type Signal = 'TRACES' | 'METRICS';

/** Whether an endpoint is configured for this kind of telemetry. */
function namesCollector(readers: Readers, signal: Signal): boolean {
  return ['', `${signal}_`].some((part) => readers.text(`${general}${part}ENDPOINT`) !== undefined);
}

/** Reads the variables of one kind of telemetry; what is set for it alone wins over what is set for all. */
function readOtlp(readers: Readers, signal: Signal): OtlpConfig {
  const entries = Object.entries(otlpParts).map(([key, part]) => {
    const common = read(readers, `${general}${part}`);
    return [key, read(readers, `${general}${part}`, common, `${general}${signal}_${part}`)];
  });
  const settings = Object.fromEntries(entries) as OtlpSettings;
  if ((settings.clientCertificatePath === undefined) !== (settings.clientKeyPath === undefined)) {
    readers.report(
      `${general}CLIENT_CERTIFICATE and ${general}CLIENT_KEY belong together: set both or none.`,
    );
  }
  // An address for one kind is taken as it is; to the one for all, the path of the kind is added.
  const special = read(readers, `${general}ENDPOINT`, undefined, `${general}${signal}_ENDPOINT`);
  const root = read(readers, `${general}ENDPOINT`)?.href ?? 'http://localhost:4318';
  const url = special ?? new URL(`v1/${signal.toLowerCase()}`, root.replace(/\/?$/, '/'));
  return { ...settings, url, proxy: proxyFor(url, readProxies(readers)) };
}

const samplerSettings = {
  name: 'OTEL_TRACES_SAMPLER',
  /** From 0 to 1: the share of root traces that is recorded, if the sampler counts. */
  ratio: 'OTEL_TRACES_SAMPLER_ARG',
} as const;
export type SamplerConfig = Settings<typeof samplerSettings>;

const batchSettings = {
  maxQueueSize: 'OTEL_BSP_MAX_QUEUE_SIZE',
  maxExportBatchSize: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
  scheduledDelayMillis: 'OTEL_BSP_SCHEDULE_DELAY',
  exportTimeoutMillis: 'OTEL_BSP_EXPORT_TIMEOUT',
} as const;

/** Which traces are recorded and sent. */
export interface TracesConfig {
  readonly otlp: OtlpConfig;
  readonly sampler: SamplerConfig;
  /** As OpenTelemetry's processor takes it. */
  readonly batch: Settings<typeof batchSettings>;
}

/** Reads whether traces are sent, and how; undefined if they are not. */
function readTraces(readers: Readers): TracesConfig | undefined {
  const exporter = read(readers, 'OTEL_TRACES_EXPORTER');
  const isNamed = readers.text('OTEL_TRACES_EXPORTER') !== undefined;
  const isWanted = isNamed ? exporter === 'otlp' : namesCollector(readers, 'TRACES');
  const sampler = readAll(readers, samplerSettings);
  if (!isWanted) {
    return undefined;
  }
  const batch = readAll(readers, batchSettings);
  if (batch.maxExportBatchSize > batch.maxQueueSize) {
    readers.report('OTEL_BSP_MAX_EXPORT_BATCH_SIZE must not be more than OTEL_BSP_MAX_QUEUE_SIZE.');
  }
  return { otlp: readOtlp(readers, 'TRACES'), sampler, batch };
}
