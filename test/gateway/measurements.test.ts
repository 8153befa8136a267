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
import { request as send } from 'undici';
import { readConfig } from '../../src/config/config.ts';
import { createGateway, type OwnGateway } from '../../src/createGateway.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { createMeasurements, type Measurements } from '../../src/telemetry/metrics.ts';
import { startTelemetry } from '../../src/telemetry/startTelemetry.ts';
import { createStartTrace } from '../../src/telemetry/trace.ts';
import { useClosing } from '../support/closing.ts';
import { silentLog } from '../support/logs.ts';
import { startOtlpReceiver } from '../support/otlpReceiver.ts';

const closeLater = useClosing();

const attempt: Parameters<Measurements['attempt']>[0] = {
  method: 'GET',
  route: '/partners/{id}',
  durationMs: 250,
  attempt: 1,
  repeatReason: undefined,
};
const request: Parameters<Measurements['request']>[0] = {
  method: 'POST',
  route: '/graphql',
  durationMs: 1500,
  status: 200,
  errorType: undefined,
  operationType: 'query',
};

/** Starts measurements that Prometheus can fetch. */
async function start() {
  const { telemetry: config } = readConfig({
    OTEL_METRICS_EXPORTER: 'prometheus',
    OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
    OTEL_EXPORTER_PROMETHEUS_PORT: '0',
  });
  const parts = { clock: systemClock, log: silentLog, instanceId: 'one' };
  const { meter, metricsUrl = '', stop } = await startTelemetry(config, parts);
  closeLater(() => stop(0));
  const ask = async (method: 'GET' | 'HEAD' | 'OPTIONS', path: string) => {
    const { statusCode, headers, body } = await send(new URL(path, metricsUrl), { method });
    return { status: statusCode, type: headers['content-type'], text: await body.text() };
  };
  return {
    measurements: createMeasurements(meter),
    ask,
    /** The gateway's own series; of a histogram the sum. */
    async collect(): Promise<readonly string[]> {
      const { text } = await ask('GET', '/metrics');
      return text
        .split('\n')
        .filter((line) => /^(gateway|http)_(?!.*_(bucket|count)\{)/.test(line));
    },
  };
}

describe('what Prometheus fetches', () => {
  it('shows zero for what has not happened yet, so that the first time is seen as a rise', async () => {
    expect(await (await start()).collect()).toEqual([
      'gateway_upstream_inflight 0',
      'gateway_upstream_throttled_total 0',
      'gateway_upstream_circuit_state{upstream="graph"} 0',
    ]);
  });

  it('has the published name and labels of everything that is measured', async () => {
    const { measurements, collect } = await start();
    measurements.attempt({ ...attempt, status: 429 });
    measurements.attempt({ ...attempt, status: 200, attempt: 3, repeatReason: 'throttled' });
    measurements.attempt({ ...attempt, errorType: 'timeout' });
    measurements.request(request);
    measurements.request({ ...request, status: 429, errorType: 'THROTTLED' });
    measurements.request({ ...request, status: undefined, errorType: 'callerLeft' });
    measurements.request({ ...request, method: 'BREW', route: undefined, status: 404 });
    measurements.inFlight(1);
    measurements.inFlight(1);
    measurements.inFlight(-1);
    measurements.rejectedLocally('breaker', 'graph');
    measurements.breakerState('half-open', 'authority');
    measurements.breakerState('open', 'graph');
    measurements.tokenAcquired({ flow: 'on-behalf-of', outcome: 'token', durationMs: 500 });
    measurements.tokenLookedUp('miss');
    measurements.limitSeen('depth', 7);
    measurements.limitExceeded('depth', 'rejected');
    measurements.limitExceeded('aliases', 'warned');
    measurements.shed('heap');
    measurements.connectionCut('limit');
    measurements.outcomeUnknown('add');
    measurements.lockedAlone();
    measurements.keyUsed('first');
    measurements.untrustedDocument('warned');
    measurements.trustedDocumentsReloaded('loaded');
    measurements.watchTokenCache(() => 7);
    measurements.watchKeyAge(() => 90_000);
    expect(await collect()).toEqual([
      'http_client_request_duration_sum{http_request_method="GET",url_template="/partners/{id}",http_response_status_code="429"} 0.25',
      'http_client_request_duration_sum{http_request_method="GET",url_template="/partners/{id}",http_response_status_code="200",http_request_resend_count="2"} 0.25',
      'http_client_request_duration_sum{http_request_method="GET",url_template="/partners/{id}",error_type="timeout"} 0.25',
      'http_server_request_duration_sum{http_request_method="POST",url_scheme="http",http_route="/graphql",http_response_status_code="200",graphql_operation_type="query"} 1.5',
      'http_server_request_duration_sum{http_request_method="POST",url_scheme="http",http_route="/graphql",http_response_status_code="429",error_type="THROTTLED",graphql_operation_type="query"} 1.5',
      'http_server_request_duration_sum{http_request_method="POST",url_scheme="http",http_route="/graphql",error_type="callerLeft",graphql_operation_type="query"} 1.5',
      'http_server_request_duration_sum{http_request_method="_OTHER",url_scheme="http",http_response_status_code="404",graphql_operation_type="query"} 1.5',
      'gateway_upstream_inflight 1',
      'gateway_upstream_retries_total{reason="throttled"} 1',
      'gateway_upstream_throttled_total 1',
      'gateway_upstream_shed_total{upstream="graph",reason="breaker"} 1',
      'gateway_shed_total{reason="heap"} 1',
      'gateway_connections_cut_total{reason="limit"} 1',
      'gateway_outcome_unknown_total{operation="add"} 1',
      'gateway_locks_local_total 1',
      'gateway_idempotency_total{outcome="first"} 1',
      'gateway_token_cache_lookups_total{result="miss"} 1',
      'gateway_limits_rejected_total{limit="depth"} 1',
      'gateway_limits_warned_total{limit="aliases"} 1',
      'gateway_untrusted_documents_total{outcome="warned"} 1',
      'gateway_trusted_documents_reloads_total{outcome="loaded"} 1',
      'gateway_upstream_circuit_state{upstream="graph"} 2',
      'gateway_upstream_circuit_state{upstream="authority"} 1',
      'gateway_token_acquire_seconds_sum{flow="on-behalf-of",outcome="token"} 0.5',
      'gateway_limits_seen_sum{limit="depth"} 7',
      'gateway_token_cache_entries 7',
      'gateway_jwks_age_seconds 90',
    ]);
  });

  it('has no age without keys, and is not read any more after the end', async () => {
    const { measurements, collect } = await start();
    const reads: string[] = [];
    const stop = measurements.watchKeyAge(() => {
      reads.push('age');
      return undefined;
    });
    expect((await collect()).join()).not.toContain('jwks');
    stop();
    await collect();
    expect(reads).toEqual(['age']);
  });

  it('comes as text from GET /metrics, and nothing else is there', async () => {
    const { ask } = await start();
    expect(await ask('GET', '/metrics?collect[]=http')).toMatchObject({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
    });
    for (const [method, path] of [
      ['GET', '/metrics/'],
      ['HEAD', '/metrics'],
      ['OPTIONS', '*'],
    ] as const) {
      const { status, type, text } = await ask(method, path);
      expect([status, type]).toEqual([404, 'application/json; charset=utf-8']);
      expect(text).toContain(method === 'HEAD' ? '' : '"extensions":{"code":"NOT_FOUND"}');
    }
  });
});

describe('in a program that has an SDK of its own', () => {
  const exporter = new InMemorySpanExporter();
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  let reader: PeriodicExportingMetricReader;
  let gateway: OwnGateway | undefined;

  beforeEach(() => {
    const provider = new TracerProvider({
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    });
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
    const { body } = await send(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer embedded-graph-token' },
      body: JSON.stringify({ query: 'query Own { complianceManagementPartners { totalCount } }' }),
    });
    await body.dump();
    await gateway.stop();
  }

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

  it("they go elsewhere if the gateway's configuration says so, and the program's stays global", async () => {
    const collector = await startOtlpReceiver();
    closeLater(collector.close);
    const mine = trace.getTracerProvider();
    await run({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    });
    expect(collector.spans()).toHaveLength(2);
    expect(exporter.getFinishedSpans()).toEqual([]);
    expect(trace.getTracerProvider()).toBe(mine);
  });

  it('a span that the program has for the same request is the parent', () => {
    context.setGlobalContextManager(new StackContextManager().enable());
    const tracer = trace.getTracer('program');
    const startTrace = createStartTrace(() => tracer);
    const around = tracer.startSpan('around');
    const { traceId, spanId } = around.spanContext();
    context.with(trace.setSpan(context.active(), around), () => {
      const start = { method: 'POST', requestId: 'request-1' };
      startTrace({ ...start, caller: undefined }).end({ route: '/graphql', status: 200 });
      const caller = {
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        tracestate: undefined,
      };
      startTrace({ ...start, caller }).end({ route: '/graphql', status: 200 });
    });
    const parents = exporter.getFinishedSpans().map(({ parentSpanContext }) => parentSpanContext);
    expect(parents).toMatchObject([{ traceId, spanId }, { spanId: '00f067aa0ba902b7' }]);
  });
});
