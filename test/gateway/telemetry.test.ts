import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { context, metrics, SpanKind, trace } from '@opentelemetry/api';
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
import { type Environment, StartError } from '../../src/config/readers.ts';
import { createGateway } from '../../src/createGateway.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { createMeasurements, type Measurements } from '../../src/telemetry/metrics.ts';
import { startTelemetry } from '../../src/telemetry/startTelemetry.ts';
import { createStartTrace } from '../../src/telemetry/trace.ts';
import { createTestCertificates } from '../support/certificates.ts';
import { useClosing } from '../support/closing.ts';
import { listQuery } from '../support/documents.ts';
import { makeKeyPair } from '../support/keyPairs.ts';
import { recordingLog } from '../support/logs.ts';
import { type ReceiverAnswer, startOtlpReceiver } from '../support/otlpReceiver.ts';
import { type Answer, json, startScriptedServer } from '../support/scriptedServer.ts';

const closeLater = useClosing();

const secret = 'hunter2';

/** A collector that takes what it is sent, unless it answers otherwise. */
async function startReceiver(answer?: ReceiverAnswer) {
  const receiver = await startOtlpReceiver(answer);
  closeLater(receiver.close);
  return receiver;
}

/** Telemetry without a gateway. */
async function startAlone(environment: Environment) {
  const log = recordingLog();
  const { telemetry: config } = readConfig(environment);
  const telemetry = await startTelemetry(config, { clock: systemClock, log, instanceId: 'one' });
  closeLater(() => telemetry.stop(20_000));
  return { ...telemetry, log, endSpan: () => telemetry.tracerOf().startSpan('POST').end() };
}

describe('traces', () => {
  it.each([
    ['http/json', 'application/json', 'none', undefined],
    ['http/protobuf', 'application/x-protobuf', 'gzip', 'gzip'],
  ])('reach a collector over %s, and no secret with them', async (...row) => {
    const [protocol, type, compression, encoding] = row;
    const receiver = await startReceiver();
    const { tracerOf, stop } = await startAlone({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/elsewhere`,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_COMPRESSION: compression,
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=key%20one',
      OTEL_SERVICE_NAME: 'partners-in-test',
    });
    // What instrumentation packages have been seen to write.
    const span = tracerOf().startSpan('GET', {
      kind: SpanKind.CLIENT,
      attributes: {
        'url.full': `https://graph.microsoft.com/beta/x/${secret}?$filter=${secret}`,
        'http.request.header.authorization': [`Bearer ${secret}`],
      },
    });
    span.recordException(new Error(`Bearer ${secret}`));
    span.setStatus({ code: 2, message: `Bearer ${secret}` }).end();
    await stop(60_000);
    const headers = { 'api-key': 'key one', 'content-type': type };
    expect(receiver.received).toMatchObject([{ path: '/elsewhere', headers }]);
    expect(receiver.received[0]?.headers['content-encoding']).toBe(encoding);
    for (const text of ['GET', 'exception', 'service.instance.id', 'partners-in-test']) {
      expect(receiver.texts()).toContain(text);
    }
    expect(receiver.texts()).not.toContain(secret);
  });

  it.each<[string, string, number]>([
    ['always_off', '1', 0],
    ['traceidratio', '0', 0],
    ['parentbased_traceidratio', '1', 1],
    ['parentbased_always_off', '1', 0],
    ['always_on', '0', 1],
  ])('are sampled as %s says', async (sampler, ratio, exports) => {
    const receiver = await startReceiver();
    const { endSpan, stop } = await startAlone({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url,
      OTEL_TRACES_SAMPLER: sampler,
      OTEL_TRACES_SAMPLER_ARG: ratio,
    });
    endSpan();
    await stop(60_000);
    expect(receiver.received).toHaveLength(exports);
  });

  it.each<[string, ReceiverAnswer, object]>([
    ['rejects', (response) => void response.writeHead(400).end(`bad ${secret}`), { status: 400 }],
    ['hangs up', (response) => void response.socket?.destroy(), {}],
    ['is silent', () => undefined, {}],
  ])('cost a line in the log, once a minute, if the collector %s', async (_what, answer, facts) => {
    const receiver = await startReceiver(answer);
    const { endSpan, stop, log } = await startAlone({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_TIMEOUT: '300',
      OTEL_BSP_SCHEDULE_DELAY: '1',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1',
    });
    endSpan();
    endSpan();
    await stop(60_000);
    const lines = log.lines.filter(({ message }) => message === 'Telemetry could not be sent');
    expect(lines).toEqual([expect.objectContaining({ reason: 'traces', ...facts })]);
    expect(JSON.stringify(log.lines)).not.toContain(secret);
  });
});

describe('metrics', () => {
  it.each(['http/json', 'http/protobuf'])(
    'reach a collector over %s again and again, and are served at the same time',
    async (protocol) => {
      const receiver = await startReceiver();
      const { meter, metricsUrl } = await startAlone({
        OTEL_METRICS_EXPORTER: 'otlp,prometheus',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_TRACES_EXPORTER: 'none',
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_METRIC_EXPORT_INTERVAL: '100',
        OTEL_EXPORTER_PROMETHEUS_PORT: '0',
      });
      expect(metricsUrl).toMatch(/:\d+\/metrics$/);
      meter.createCounter('gateway_test_total').add(3, { reason: 'because' });
      await receiver.until('/v1/metrics', 2);
      for (const text of ['gateway_test_total', 'because', 'nodejs.eventloop.utilization']) {
        expect(receiver.texts()).toContain(text);
      }
    },
  );

  it('keep the gateway from starting if their address is taken or none of this machine', async () => {
    const { port, host } = new URL((await startReceiver()).url);
    const startAt = (host: string, port: string) =>
      startAlone({
        OTEL_METRICS_EXPORTER: 'prometheus',
        OTEL_EXPORTER_PROMETHEUS_HOST: host,
        OTEL_EXPORTER_PROMETHEUS_PORT: port,
      });
    const starting = startAt('127.0.0.1', port);
    await expect(starting).rejects.toThrow(StartError);
    const problem = `it cannot serve metrics at ${host} (EADDRINUSE); set OTEL_EXPORTER_PROMETHEUS_HOST and`;
    await expect(starting).rejects.toThrow(problem);
    await expect(startAt('192.0.2.1', '0')).rejects.toThrow(/192\.0\.2\.1:0 \(EADDRNOTAVAIL\)/);
  });
});

describe('files for a collector', () => {
  const { good } = createTestCertificates();
  const certificate = 'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE';
  const key = 'OTEL_EXPORTER_OTLP_CLIENT_KEY';
  const noKey = `${key} cannot be used: the file has no private key in PEM.`;
  const notTogether = `${certificate} and ${key} cannot be used together (`;

  it.each([
    [noKey, good.cert],
    [notTogether, makeKeyPair().privateKey],
    ['', good.key],
  ])('keep the gateway from starting if they cannot be used: "%s"', async (problem, pem) => {
    const folder = mkdtempSync(join(tmpdir(), 'telemetry-'));
    closeLater(() => rmSync(folder, { recursive: true }));
    const files = { [certificate]: join(folder, 'cert'), [key]: join(folder, 'key') };
    writeFileSync(join(folder, 'cert'), good.cert);
    writeFileSync(join(folder, 'key'), pem);
    const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://127.0.0.1:1', ...files };
    const starting = startAlone({ OTEL_METRICS_EXPORTER: 'none', ...collector });
    const problems = await starting.then(() => '', String);
    expect(problems).toContain(problem);
    expect(problems === '').toBe(problem === '');
  });
});

describe('what Prometheus fetches', () => {
  const towards = { method: 'GET', route: '/partners/{id}', durationMs: 250 } as const;
  const attempt: Parameters<Measurements['attempt']>[0] = {
    ...towards,
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

  async function start() {
    const { meter, metricsUrl = '' } = await startAlone({
      OTEL_METRICS_EXPORTER: 'prometheus',
      OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
      OTEL_EXPORTER_PROMETHEUS_PORT: '0',
    });
    const ask = async (method: 'GET' | 'HEAD' | 'OPTIONS', path: string) => {
      const { statusCode, headers, body } = await send(new URL(path, metricsUrl), { method });
      return { status: statusCode, type: headers['content-type'], text: await body.text() };
    };
    /** The gateway's own series; of a histogram the sum. */
    const collect = async (): Promise<readonly string[]> => {
      const { text } = await ask('GET', '/metrics');
      const isOwn = (line: string) => /^(gateway|http)_(?!.*_(bucket|count)\{)/.test(line);
      return text.split('\n').filter(isOwn);
    };
    return { measurements: createMeasurements(meter), ask, collect };
  }

  it('has the published name and labels of everything that is measured', async () => {
    const { measurements, collect } = await start();
    // What has not happened yet is zero, so that the first time is seen as a rise.
    expect(await collect()).toEqual([
      'gateway_upstream_inflight 0',
      'gateway_upstream_throttled_total 0',
      'gateway_upstream_circuit_state{upstream="graph"} 0',
    ]);
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
    const keys = { ageMs: undefined as number | undefined, reads: 0 };
    const stopWatching = measurements.watchKeyAge(() => {
      keys.reads += 1;
      return keys.ageMs;
    });
    // There are none yet.
    expect((await collect()).join()).not.toContain('jwks');
    keys.ageMs = 90_000;
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
    stopWatching();
    await collect();
    expect(keys.reads).toBe(2);
  });

  it('comes as text from GET /metrics, and nothing else is there', async () => {
    const { ask } = await start();
    const type = 'text/plain; version=0.0.4; charset=utf-8';
    expect(await ask('GET', '/metrics?collect[]=http')).toMatchObject({ status: 200, type });
    expect(await ask('HEAD', '/metrics')).toMatchObject({ status: 404, text: '' });
    const text = expect.stringContaining('"extensions":{"code":"NOT_FOUND"}');
    const notFound = { status: 404, type: 'application/json; charset=utf-8', text };
    expect(await ask('OPTIONS', '*')).toEqual(notFound);
    expect(await ask('GET', '/metrics/')).toEqual(notFound);
  });
});

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
const page = json(200, { value: [] });

/** A gateway that sends traces to a collector, before a Graph that follows a script. */
async function start(script: readonly Answer[], environment = {}, takes?: ReceiverAnswer) {
  const graph = await startScriptedServer(...script);
  const collector = await startReceiver(takes);
  const lines: Record<string, unknown>[] = [];
  const config = readConfig({
    PORT: '0',
    GRAPH_BASE_URL: graph.url.href,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_METRICS_EXPORTER: 'none',
    ...environment,
  });
  const log = createLogger('debug', { write: (line) => void lines.push(JSON.parse(line)) });
  const gateway = createGateway(config, { chance: () => 0, log });
  const { url } = await gateway.start();
  closeLater(() => gateway.stop(), graph.close);
  const post = async (query: string, headers: Record<string, string> = {}) => {
    const answer = await send(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer token', ...headers },
      body: JSON.stringify({ query }),
    });
    await answer.body.dump();
    return { status: answer.statusCode, headers: answer.headers };
  };
  return { graph, collector, lines, post, stop: () => gateway.stop() };
}

describe('a traced operation', () => {
  it("continues the caller's trace to Graph, attempt by attempt, and logs one line", async () => {
    const { graph, collector, lines, post, stop } = await start([json(503, {}), page]);
    const tracestate = 'vendor=value';
    const id = { 'client-request-id': 'request-1' };
    const { headers } = await post(listQuery, { traceparent, tracestate, ...id });
    expect(headers['traceparent']).toBe(traceparent);
    await stop();
    const spans = collector.spans();
    const server = spans.find(({ kind }) => kind === 2);
    const attempts = spans.filter(({ kind }) => kind === 3);
    expect(server).toMatchObject({
      traceId,
      parentSpanId: '00f067aa0ba902b7',
      name: 'query',
      attributes: { 'gateway.request_id': 'request-1', 'graphql.operation.name': 'List' },
    });
    const parentSpanId = server?.spanId;
    const failed = { 'http.response.status_code': 503, 'error.type': '503' };
    const repeated = {
      'http.response.status_code': 200,
      'http.request.resend_count': 1,
      'gateway.retry.reason': 'unavailable',
      'gateway.graph.request_id': 'graph-request-id',
    };
    expect(attempts).toMatchObject([
      { parentSpanId, attributes: failed },
      { parentSpanId, attributes: repeated },
    ]);
    expect(graph.requests.map((request) => request.headers)).toMatchObject(
      attempts.map(({ spanId }) => ({ traceparent: `00-${traceId}-${spanId}-01`, tracestate })),
    );
    const answered = { requestId: 'request-1', traceId, status: 200, retries: 1 };
    const graphs = { graphStatus: 200, graphRequestIds: Array(2).fill('graph-request-id') };
    const operation = { operationType: 'query', operationName: 'List' };
    expect(lines.filter(({ message }) => message === 'Answered')).toMatchObject([
      { ...answered, ...graphs, ...operation },
    ]);
    const told = lines.filter(({ requestId }) => requestId === 'request-1');
    expect(told.length).toBeGreaterThan(3);
    expect(told.every((line) => line['traceId'] === traceId)).toBe(true);
  });

  it('begins a trace if the caller has none, and holds no stop up although the collector hangs', async () => {
    const hasty = { DRAIN_TIMEOUT_MS: '0', OTEL_EXPORTER_OTLP_TIMEOUT: '5000' };
    const { collector, lines, post, stop } = await start([page], hasty, () => undefined);
    const { status, headers } = await post(listQuery);
    await stop();
    const server = collector.spans().find(({ kind }) => kind === 2);
    expect(status).toBe(200);
    expect(headers['traceparent']).toBe(`00-${server?.traceId}-${server?.spanId}-01`);
    // The stop did not wait for the export, so its failure is not known yet.
    expect(lines.map(({ message }) => message)).not.toContain('Telemetry could not be sent');
  });
});

it('gives spans and metrics to the SDK of the program around it, unless a collector is configured', async () => {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }));
  const mine = trace.getTracerProvider();
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  closeLater(
    () => reader.shutdown(),
    ...[trace, metrics, context].map((api) => () => api.disable()),
  );

  const elsewhere = await start([page]);
  await elsewhere.post(listQuery);
  await elsewhere.stop();
  expect(elsewhere.collector.spans()).toHaveLength(2);
  expect(exporter.getFinishedSpans()).toEqual([]);
  expect(trace.getTracerProvider()).toBe(mine);

  const { post, stop } = await start([page], { OTEL_SDK_DISABLED: 'true' });
  await post(listQuery);
  await stop();
  // The program's goes on.
  const tracer = trace.getTracer('program');
  const around = tracer.startSpan('around');
  const toGraph = 'GET /deviceManagement/complianceManagementPartners';
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual([toGraph, 'query']);
  await reader.forceFlush();
  expect(JSON.stringify(metricExporter.getMetrics())).toContain('"http.server.request.duration"');

  // A span that the program has for the same request is the parent.
  exporter.reset();
  context.setGlobalContextManager(new StackContextManager().enable());
  context.with(trace.setSpan(context.active(), around), () => {
    for (const caller of [undefined, { traceparent, tracestate: undefined }]) {
      const own = createStartTrace(() => tracer)({ method: 'POST', requestId: '1', caller });
      own.end({ route: '/graphql', status: 200 });
    }
  });
  const parents = exporter.getFinishedSpans().map(({ parentSpanContext }) => parentSpanContext);
  const { traceId, spanId } = around.spanContext();
  expect(parents).toMatchObject([{ traceId, spanId }, { spanId: '00f067aa0ba902b7' }]);
});
