import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
import type { Resource } from '@opentelemetry/resources';
import {
  type IMetricReader,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import type { MetricsConfig, MetricsPushConfig } from '../../config/telemetryConfig.ts';
import type { TelemetryParts } from '../telemetryParts.ts';
import { startMetricsServer } from './metricsServer.ts';
import { otlpOptionsOf } from './otlpOptions.ts';
import { tellFailures } from './tellFailures.ts';

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
  // The exporter's own server answers any method on any path, in its own words; only what it collects is used.
  const exporter = prometheus && new PrometheusExporter({ preventServerStart: true });
  const pushed = otlp && (await createPushReader(otlp, parts));
  const server = exporter && (await startMetricsServer(prometheus, () => collectText(exporter)));
  const readers: IMetricReader[] = [exporter, pushed].filter((reader) => reader !== undefined);
  const provider = new MeterProvider({ resource, readers });
  const runtime = new RuntimeNodeInstrumentation();
  runtime.setMeterProvider(provider);
  return {
    provider,
    url: server?.url,
    async stop() {
      await Promise.allSettled([provider.shutdown(), server?.close()]);
      runtime.disable();
    },
  };
}

async function collectText(exporter: PrometheusExporter): Promise<string> {
  // Labels that name the meter would say the same on every line.
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
  const { resourceMetrics } = await exporter.collect();
  return serializer.serialize(resourceMetrics);
}

async function createPushReader(
  otlp: MetricsPushConfig,
  parts: TelemetryParts,
): Promise<PeriodicExportingMetricReader> {
  const exporter = await createExporter(otlp);
  tellFailures(exporter, 'metrics', parts);
  return new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: otlp.intervalMs,
    exportTimeoutMillis: otlp.exportTimeoutMs,
  });
}

async function createExporter(otlp: MetricsPushConfig): Promise<PushMetricExporter> {
  const { AggregationTemporalityPreference, OTLPMetricExporter: JsonExporter } = await import(
    '@opentelemetry/exporter-metrics-otlp-http'
  );
  const { CUMULATIVE, DELTA, LOWMEMORY } = AggregationTemporalityPreference;
  const temporalityPreference = { cumulative: CUMULATIVE, delta: DELTA, lowmemory: LOWMEMORY }[
    otlp.temporality
  ];
  const options = { ...otlpOptionsOf(otlp), temporalityPreference };
  if (otlp.protocol === 'http/json') {
    return new JsonExporter(options);
  }
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
  return new OTLPMetricExporter(options);
}
