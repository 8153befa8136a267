import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
import type { Resource } from '@opentelemetry/resources';
import {
  type IMetricReader,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import type { ListenConfig, MetricsConfig, MetricsPushConfig } from '../config/telemetry.ts';
import { otlpOptionsOf } from './otlp.ts';
import { type MetricsServer, startMetricsServer } from './sdk/metricsServer.ts';
import { tellFailures } from './sdk/tellFailures.ts';
import type { TelemetryParts } from './telemetryParts.ts';

export interface RunningMetrics {
  readonly provider: MeterProvider;
  /** Where they can be fetched. */
  readonly url: string | undefined;
  stop(): Promise<void>;
}

/** Starts to measure, to serve what is measured on a port of its own, and to send it. @throws StartError */
export async function startMetrics(
  { prometheus, otlp }: MetricsConfig,
  resource: Resource,
  parts: TelemetryParts,
): Promise<RunningMetrics> {
  const pushed = otlp && (await createPushReader(otlp, parts));
  // Last, because it opens a port, and nobody would close that where the other fails.
  const pulled = prometheus && (await startPrometheus(prometheus));
  const readers: IMetricReader[] = [pulled?.reader, pushed].filter(
    (reader) => reader !== undefined,
  );
  const provider = new MeterProvider({ resource, readers });
  const runtime = new RuntimeNodeInstrumentation();
  runtime.setMeterProvider(provider);
  return {
    provider,
    url: pulled?.url,
    async stop() {
      await Promise.allSettled([provider.shutdown(), pulled?.close()]);
      runtime.disable();
    },
  };
}

interface ServedMetrics extends MetricsServer {
  readonly reader: IMetricReader;
}

async function startPrometheus(listen: ListenConfig): Promise<ServedMetrics> {
  const { createPrometheusReader } = await import('./prometheusReader.ts');
  const { reader, readText } = createPrometheusReader();
  return { reader, ...(await startMetricsServer(listen, readText)) };
}

async function createPushReader(
  otlp: MetricsPushConfig,
  parts: TelemetryParts,
): Promise<PeriodicExportingMetricReader> {
  const exporter = await createMetricExporter(otlp);
  tellFailures(exporter, 'metrics', parts);
  return new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: otlp.intervalMs,
    exportTimeoutMillis: otlp.exportTimeoutMs,
  });
}

async function createMetricExporter(otlp: MetricsPushConfig): Promise<PushMetricExporter> {
  const { AggregationTemporalityPreference, OTLPMetricExporter: JsonExporter } = await import(
    '@opentelemetry/exporter-metrics-otlp-http'
  );
  const { CUMULATIVE, DELTA, LOWMEMORY } = AggregationTemporalityPreference;
  const temporalityPreference = { cumulative: CUMULATIVE, delta: DELTA, lowmemory: LOWMEMORY }[
    otlp.temporality
  ];
  const options = { ...(await otlpOptionsOf(otlp)), temporalityPreference };
  if (otlp.protocol === 'http/json') {
    return new JsonExporter(options);
  }
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
  return new OTLPMetricExporter(options);
}
