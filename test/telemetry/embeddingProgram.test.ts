import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { context, metrics, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  StackContextManager,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { request } from 'undici';
import { createGateway, type OwnGateway, readConfig } from '../../src/createGateway.ts';
import { createStartTrail } from '../../src/telemetry/createStartTrail.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { startOtlpReceiver } from '../support/otlpReceiver.ts';

const exporter = new InMemorySpanExporter();
const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
let reader: PeriodicExportingMetricReader;
let gateway: OwnGateway | undefined;

beforeEach(() => {
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  trace.setGlobalTracerProvider(provider);
  reader = new PeriodicExportingMetricReader({ exporter: metricExporter });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
});
afterEach(async () => {
  await gateway?.stop();
  await reader.shutdown();
  trace.disable();
  metrics.disable();
  context.disable();
  exporter.reset();
});

async function run(environment: Record<string, string>): Promise<void> {
  const config = readConfig({ PORT: '0', GRAPH_CLOUD: 'emulator', ...environment });
  gateway = createGateway(config, { log: createLogger('silent') });
  const { url } = await gateway.start();
  const { body } = await request(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer embedded-graph-token' },
    body: JSON.stringify({ query: 'query Own { complianceManagementPartners { totalCount } }' }),
  });
  await body.dump();
  await gateway.stop();
}

describe('in a program that has an SDK of its own', () => {
  it("spans and metrics go to the program's, which goes on after the gateway has stopped", async () => {
    await run({});
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual([
      'GET /deviceManagement/complianceManagementPartners',
      'query',
    ]);
    await reader.forceFlush();
    const names = metricExporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap((scope) => scope.metrics.map(({ descriptor }) => descriptor.name));
    expect(names).toContain('http.server.request.duration');
    trace.getTracer('program').startSpan('own').end();
    expect(exporter.getFinishedSpans().at(-1)?.name).toBe('own');
  });

  it("they go elsewhere where the gateway's configuration says so, and the program's stays global", async () => {
    const collector = await startOtlpReceiver();
    const mine = trace.getTracerProvider();
    await run({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    });
    expect(collector.spans()).toHaveLength(2);
    expect(exporter.getFinishedSpans()).toEqual([]);
    expect(trace.getTracerProvider()).toBe(mine);
    await collector.close();
  });

  it('a span that the program has for the same request is the parent', () => {
    context.setGlobalContextManager(new StackContextManager().enable());
    const tracer = trace.getTracer('program');
    const startTrail = createStartTrail(tracer);
    const around = tracer.startSpan('around');
    const { traceId, spanId } = around.spanContext();
    context.with(trace.setSpan(context.active(), around), () => {
      const start = { method: 'POST', requestId: 'request-1' };
      startTrail({ ...start, caller: undefined }).end({ route: '/graphql', status: 200 });
      const caller = {
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        tracestate: undefined,
      };
      startTrail({ ...start, caller }).end({ route: '/graphql', status: 200 });
    });
    const parents = exporter.getFinishedSpans().map(({ parentSpanContext }) => parentSpanContext);
    expect(parents).toMatchObject([{ traceId, spanId }, { spanId: '00f067aa0ba902b7' }]);
  });
});
