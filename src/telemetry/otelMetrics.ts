import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
import type { Resource } from '@opentelemetry/resources';
import {
  type IMetricReader,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { listenErrorOf } from '../config/http.ts';
import type { ListenConfig, MetricsPushConfig, TelemetryConfig } from '../config/telemetry.ts';
import { otlpOptionsOf, type TelemetryParts, tellFailures } from './otlp.ts';

/** Starts to measure, to serve what is measured on a port of its own, and to send it. @throws StartError */
export async function startMetrics(
  { prometheus, otlp }: TelemetryConfig['metrics'],
  resource: Resource,
  parts: TelemetryParts,
) {
  const pushed = otlp && (await createPushReader(otlp, parts));
  // Last, because it opens a port, which would stay open if the other fails.
  const pulled = prometheus && (await startPrometheus(prometheus));
  const readers: IMetricReader[] = [pulled?.reader, pushed].filter(
    (reader) => reader !== undefined,
  );
  const provider = new MeterProvider({ resource, readers });
  const runtime = new RuntimeNodeInstrumentation();
  runtime.setMeterProvider(provider);
  return {
    provider,
    /** Where they can be fetched. */
    url: pulled?.url,
    async stop() {
      await Promise.allSettled([provider.shutdown(), pulled?.close()]);
      runtime.disable();
    },
  };
}

/** The exporter's own server answers any method, and reports its errors; only what it collects is used. */
async function startPrometheus(listen: ListenConfig) {
  const { PrometheusExporter, PrometheusSerializer } = await import(
    '@opentelemetry/exporter-prometheus'
  );
  const reader = new PrometheusExporter({ preventServerStart: true });
  // Labels that name the meter would say the same on every line.
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
  const readText = async (): Promise<string> =>
    serializer.serialize((await reader.collect()).resourceMetrics);
  return { reader, ...(await startMetricsServer(listen, readText)) };
}

async function createPushReader(otlp: MetricsPushConfig, parts: TelemetryParts) {
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

const errorBody = (message: string, code: string): string =>
  JSON.stringify({ errors: [{ message, extensions: { code } }] });
const notFound = errorBody('There is nothing here but GET /metrics.', 'NOT_FOUND');
const failed = errorBody('The metrics cannot be read.', 'INTERNAL_SERVER_ERROR');

/** Serves `GET /metrics`, and nothing else. @throws StartError or ConfigError if it cannot listen there. */
async function startMetricsServer(
  { host, port }: ListenConfig,
  readMetrics: () => Promise<string>,
) {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, answer);
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    // Not once: one that comes while it runs, such as no file descriptor for a connection, must not end the gateway.
    server.on('error', (error) => {
      reject(
        listenErrorOf(error, {
          what: 'it cannot serve metrics',
          host,
          port,
          hostVariable: 'OTEL_EXPORTER_PROMETHEUS_HOST',
          portVariable: 'OTEL_EXPORTER_PROMETHEUS_PORT',
        }),
      );
    });
    server.listen({ host, port }, resolve);
  });
  const address = server.address() as AddressInfo;
  const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${shownHost}:${address.port}/metrics`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  function answer(...[request, response]: Parameters<RequestListener>): void {
    const send = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
      response.end(body);
    };
    request.resume();
    if (request.method !== 'GET' || request.url?.split('?', 1)[0] !== '/metrics') {
      send(404, 'application/json; charset=utf-8', notFound);
      return;
    }
    readMetrics().then(
      (text) => send(200, 'text/plain; version=0.0.4; charset=utf-8', text),
      () => send(500, 'application/json; charset=utf-8', failed),
    );
  }
}
