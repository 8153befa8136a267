import { proxyFor } from '../shared/proxy.ts';
import { readProxies } from './graph.ts';
import type { Readers } from './readers.ts';
import { read, readAll, type Settings } from './variables.ts';

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
export type MetricsPushConfig = ReturnType<typeof readPush>;

const samplerSettings = {
  name: 'OTEL_TRACES_SAMPLER',
  /** From 0 to 1: the share of root traces that is recorded, if the sampler counts. */
  ratio: 'OTEL_TRACES_SAMPLER_ARG',
} as const;
export type SamplerConfig = Settings<typeof samplerSettings>;

/** As OpenTelemetry's processor takes them. */
const batchSettings = {
  maxQueueSize: 'OTEL_BSP_MAX_QUEUE_SIZE',
  maxExportBatchSize: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
  scheduledDelayMillis: 'OTEL_BSP_SCHEDULE_DELAY',
  exportTimeoutMillis: 'OTEL_BSP_EXPORT_TIMEOUT',
} as const;
/** Which traces are recorded and sent. */
export type TracesConfig = NonNullable<ReturnType<typeof readTraces>>;

/** What can be set for all kinds of telemetry, and for each alone. */
const otlpSettings = {
  protocol: 'OTEL_EXPORTER_OTLP_PROTOCOL',
  /** Most collectors of others want a key in one of them. */
  headers: 'OTEL_EXPORTER_OTLP_HEADERS',
  compression: 'OTEL_EXPORTER_OTLP_COMPRESSION',
  timeoutMs: 'OTEL_EXPORTER_OTLP_TIMEOUT',
  certificatePath: 'OTEL_EXPORTER_OTLP_CERTIFICATE',
  clientCertificatePath: 'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE',
  clientKeyPath: 'OTEL_EXPORTER_OTLP_CLIENT_KEY',
} as const;
/** How one kind of telemetry is sent to a collector. */
export type OtlpConfig = ReturnType<typeof readOtlp>;

/** What the gateway tells of itself, and to whom. With neither traces nor metrics nothing of it is even loaded. */
export type TelemetryConfig = ReturnType<typeof readTelemetry>;

/** Reads OpenTelemetry's own variables, as far as this gateway understands them. */
export function readTelemetry(readers: Readers, gatewayPort: number) {
  const isDisabled = read(readers, 'OTEL_SDK_DISABLED');
  read(readers, 'OTEL_LOGS_EXPORTER');
  read(readers, 'OTEL_PROPAGATORS');
  const named = read(readers, 'OTEL_SERVICE_NAME');
  /** Who speaks: `service.name` and whatever else operators sort by. */
  const resource: Readonly<Record<string, string>> = {
    'service.name': 'compliance-partner-gateway',
    ...read(readers, 'OTEL_RESOURCE_ATTRIBUTES'),
    ...(named !== undefined && { 'service.name': named }),
  };
  const traces = readTraces(readers);
  const given = read(readers, 'OTEL_METRICS_EXPORTER');
  if (given.length > 1 && given.includes('none')) {
    readers.report('OTEL_METRICS_EXPORTER has none beside others: name one or the other.');
  }
  const isNamed = readers.text('OTEL_METRICS_EXPORTER') !== undefined;
  const pushes = isNamed ? given.includes('otlp') : namesCollector(readers, 'METRICS');
  const listen = readAll(readers, listenSettings);
  const prometheus = given.includes('prometheus') ? listen : undefined;
  if (prometheus !== undefined && prometheus.port !== 0 && prometheus.port === gatewayPort) {
    readers.report('OTEL_EXPORTER_PROMETHEUS_PORT is PORT: metrics need a port of their own.');
  }
  const metrics = { prometheus, otlp: pushes ? readPush(readers) : undefined };
  return isDisabled
    ? { resource, traces: undefined, metrics: { prometheus: undefined, otlp: undefined } }
    : { resource, traces, metrics };
}

/** Reads whether traces are sent, and how; undefined if they are not. */
function readTraces(readers: Readers) {
  const exporter = read(readers, 'OTEL_TRACES_EXPORTER');
  const isNamed = readers.text('OTEL_TRACES_EXPORTER') !== undefined;
  const sampler = readAll(readers, samplerSettings);
  if (isNamed ? exporter !== 'otlp' : !namesCollector(readers, 'TRACES')) {
    return undefined;
  }
  const batch = readAll(readers, batchSettings);
  if (batch.maxExportBatchSize > batch.maxQueueSize) {
    readers.report('OTEL_BSP_MAX_EXPORT_BATCH_SIZE must not be more than OTEL_BSP_MAX_QUEUE_SIZE.');
  }
  return { otlp: readOtlp(readers, 'TRACES'), sampler, batch };
}

function readPush(readers: Readers) {
  const push = readAll(readers, pushSettings);
  const usualTimeoutMs = Math.min(30_000, push.intervalMs);
  const exportTimeoutMs = read(readers, 'OTEL_METRIC_EXPORT_TIMEOUT', usualTimeoutMs);
  if (exportTimeoutMs > push.intervalMs) {
    readers.report('OTEL_METRIC_EXPORT_TIMEOUT must not be more than OTEL_METRIC_EXPORT_INTERVAL.');
  }
  return { ...readOtlp(readers, 'METRICS'), ...push, exportTimeoutMs };
}

type Signal = 'TRACES' | 'METRICS';
const endpoint = 'OTEL_EXPORTER_OTLP_ENDPOINT';

/** The variable for one kind of telemetry in place of the one for all. */
const nameFor = (signal: Signal, name: string): string => name.replace('OTLP_', `OTLP_${signal}_`);

/** Whether an endpoint is configured for this kind of telemetry. */
function namesCollector(readers: Readers, signal: Signal): boolean {
  return [endpoint, nameFor(signal, endpoint)].some((name) => readers.text(name) !== undefined);
}

/** Reads the variables of one kind of telemetry; what is set for it alone wins over what is set for all. */
function readOtlp(readers: Readers, signal: Signal) {
  const entries = Object.entries(otlpSettings).map(([key, name]) => {
    const common = read(readers, name);
    return [key, read(readers, name, common, nameFor(signal, name))];
  });
  const settings = Object.fromEntries(entries) as Settings<typeof otlpSettings>;
  if ((settings.clientCertificatePath === undefined) !== (settings.clientKeyPath === undefined)) {
    readers.report(
      'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY belong together: set both or none.',
    );
  }
  // An address for one kind is taken as it is; to the one for all, the path of the kind is added.
  const special = read(readers, endpoint, undefined, nameFor(signal, endpoint));
  const root = read(readers, endpoint)?.href ?? 'http://localhost:4318';
  const url = special ?? new URL(`v1/${signal.toLowerCase()}`, root.replace(/\/?$/, '/'));
  /** `proxy` is the forward proxy that leads to the collector. */
  return { ...settings, url, proxy: proxyFor(url, readProxies(readers)) };
}
