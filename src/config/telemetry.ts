import { parseKeyValues } from './keyValues.ts';
import { namesCollector, type OtlpConfig, readOtlp } from './otlpConfig.ts';
import type { Readers } from './readers.ts';
import { readTraces, type TracesConfig } from './tracesConfig.ts';

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
