import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';

/** What collects for Prometheus, and what Prometheus reads of it. */
interface PrometheusReader {
  readonly reader: PrometheusExporter;
  readText(): Promise<string>;
}

/** Makes it. The exporter's own server answers any method, and tells its errors; only what it collects is used. */
export function createPrometheusReader(): PrometheusReader {
  const reader = new PrometheusExporter({ preventServerStart: true });
  // Labels that name the meter would say the same on every line.
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
  return {
    reader,
    async readText() {
      const { resourceMetrics } = await reader.collect();
      return serializer.serialize(resourceMetrics);
    },
  };
}
