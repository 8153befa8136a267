import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
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
import { request } from 'undici';
import { readConfig } from '../../src/config/config.ts';
import { type Environment, StartError } from '../../src/config/readers.ts';
import { createGateway } from '../../src/createGateway.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { startTelemetry } from '../../src/telemetry/startTelemetry.ts';
import { createStartTrace } from '../../src/telemetry/trace.ts';
import { createTestCertificates } from '../support/certificates.ts';
import { useClosing } from '../support/closing.ts';
import { listQuery } from '../support/documents.ts';
import { makeKeyPair } from '../support/keyPairs.ts';
import { recordingLog } from '../support/logs.ts';
import { type ReceiverAnswer, startOtlpReceiver } from '../support/otlpReceiver.ts';
import { type Answer, json, silence, startScriptedServer } from '../support/scriptedServer.ts';

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
  return {
    ...telemetry,
    log,
    endSpan: () => telemetry.tracerOf().startSpan('POST').end(),
    /** Writes what instrumentation packages have been seen to write. */
    writeDirtySpan(): void {
      const span = telemetry.tracerOf().startSpan('GET', {
        kind: SpanKind.CLIENT,
        attributes: {
          'url.full': `https://graph.microsoft.com/beta/x/${secret}?$filter=${secret}`,
          'http.request.header.authorization': [`Bearer ${secret}`],
        },
      });
      span.recordException(new Error(`Bearer ${secret}`));
      span.setStatus({ code: 2, message: `Bearer ${secret}` });
      span.end();
    },
  };
}

describe('traces', () => {
  it.each([
    ['http/json', 'application/json', 'none', undefined],
    ['http/protobuf', 'application/x-protobuf', 'gzip', 'gzip'],
  ])(
    'reach a collector over %s when the gateway stops, and no secret with them',
    async (...row) => {
      const [protocol, type, compression, encoding] = row;
      const receiver = await startReceiver();
      const { writeDirtySpan, stop } = await startAlone({
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/elsewhere`,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_COMPRESSION: compression,
        OTEL_EXPORTER_OTLP_HEADERS: 'api-key=key%20one',
        OTEL_SERVICE_NAME: 'partners-in-test',
      });
      writeDirtySpan();
      await stop(60_000);
      const [{ path, headers } = { path: '', headers: {} }, ...more] = receiver.received;
      expect([path, more]).toEqual(['/elsewhere', []]);
      expect(headers).toMatchObject({ 'api-key': 'key one', 'content-type': type });
      expect(headers['content-encoding']).toBe(encoding);
      for (const text of ['GET', 'exception', 'service.instance.id', 'partners-in-test']) {
        expect(receiver.texts()).toContain(text);
      }
      expect(receiver.texts()).not.toContain(secret);
    },
  );

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

  const rejects: ReceiverAnswer = (response) => {
    response.statusCode = 400;
    response.end(`the key ${secret} is bad`);
  };
  const hangsUp: ReceiverAnswer = (response) => void response.socket?.destroy();

  it.each<[ReceiverAnswer, object]>([
    [rejects, { status: 400 }],
    [hangsUp, {}],
    [() => undefined, {}],
  ])('that do not get through cost a line in the log, once a minute: %p', async (...row) => {
    const [answer, facts] = row;
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
    const { url, close } = await startScriptedServer(silence);
    closeLater(close);
    const startAt = (host: string, port: string) =>
      startAlone({
        OTEL_METRICS_EXPORTER: 'prometheus',
        OTEL_EXPORTER_PROMETHEUS_HOST: host,
        OTEL_EXPORTER_PROMETHEUS_PORT: port,
      });
    const starting = startAt('127.0.0.1', url.port);
    await expect(starting).rejects.toThrow(StartError);
    await expect(starting).rejects.toThrow(
      `it cannot serve metrics at ${url.host} (EADDRINUSE); set OTEL_EXPORTER_PROMETHEUS_HOST and`,
    );
    await expect(startAt('192.0.2.1', '0')).rejects.toThrow(/192\.0\.2\.1:0 \(EADDRNOTAVAIL\)/);
  });
});

describe('files for a collector', () => {
  const { authority, good } = createTestCertificates();
  const trusted = 'OTEL_EXPORTER_OTLP_CERTIFICATE';
  const certificate = 'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE';
  const key = 'OTEL_EXPORTER_OTLP_CLIENT_KEY';
  const noKey = `${key} cannot be used: the file has no private key in PEM.`;
  const notTogether = `${certificate} and ${key} cannot be used together (`;
  const otherKey = makeKeyPair().privateKey;

  it.each<[string, Record<string, string>]>([
    [`${trusted} cannot be read: ENOENT.`, { [trusted]: '' }],
    [noKey, { [certificate]: good.cert, [key]: good.cert }],
    [notTogether, { [certificate]: good.cert, [key]: otherKey }],
    ['', { [trusted]: authority, [certificate]: good.cert, [key]: good.key }],
  ])('keep the gateway from starting if they cannot be used: "%s"', async (problem, contents) => {
    const folder = mkdtempSync(join(tmpdir(), 'telemetry-'));
    closeLater(() => rmSync(folder, { recursive: true }));
    const files = Object.entries(contents).map(([name, pem]) => {
      const file = join(folder, name);
      if (pem !== '') {
        writeFileSync(file, pem);
      }
      return [name, file];
    });
    const starting = startAlone({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://127.0.0.1:1',
      OTEL_METRICS_EXPORTER: 'none',
      ...Object.fromEntries(files),
    });
    const problems = await starting.then(() => '', String);
    expect(problems).toContain(problem);
    expect(problems === '').toBe(problem === '');
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
  const write = (line: string): void => void lines.push(JSON.parse(line));
  const log = createLogger('debug', { write });
  const gateway = createGateway(config, { chance: () => 0, log });
  const { url } = await gateway.start();
  closeLater(() => gateway.stop(), graph.close);
  return {
    graph,
    collector,
    lines,
    async post(query: string, headers: Record<string, string> = {}, variables: object = {}) {
      const answer = await request(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer token', ...headers },
        body: JSON.stringify({ query, variables }),
      });
      await answer.body.dump();
      return { status: answer.statusCode, headers: answer.headers };
    },
    /** Stops the gateway, which sends what is left. */
    stop: () => gateway.stop(),
  };
}

describe('a traced operation', () => {
  it("continues the caller's trace to Graph, attempt by attempt, and logs one line", async () => {
    const { graph, collector, lines, post, stop } = await start([json(503, {}), page]);
    const answer = await post(listQuery, {
      traceparent,
      tracestate: 'vendor=value',
      'client-request-id': 'request-1',
    });
    expect(answer.headers['traceparent']).toBe(traceparent);
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
    expect(attempts).toMatchObject([
      {
        parentSpanId: server?.spanId,
        attributes: { 'http.response.status_code': 503, 'error.type': '503' },
      },
      {
        parentSpanId: server?.spanId,
        attributes: {
          'http.response.status_code': 200,
          'http.request.resend_count': 1,
          'gateway.retry.reason': 'unavailable',
          'gateway.graph.request_id': 'graph-request-id',
        },
      },
    ]);
    expect(graph.requests.map(({ headers }) => headers)).toMatchObject(
      attempts.map(({ spanId }) => ({
        traceparent: `00-${traceId}-${spanId}-01`,
        tracestate: 'vendor=value',
      })),
    );
    expect(lines.filter(({ message }) => message === 'Answered')).toEqual([
      expect.objectContaining({
        requestId: 'request-1',
        traceId,
        operationType: 'query',
        operationName: 'List',
        status: 200,
        graphStatus: 200,
        graphRequestIds: ['graph-request-id', 'graph-request-id'],
        retries: 1,
      }),
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

describe('in a program that has an SDK of its own', () => {
  const exporter = new InMemorySpanExporter();
  const namesOfSpans = () => exporter.getFinishedSpans().map(({ name }) => name);
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  let reader: PeriodicExportingMetricReader;

  beforeEach(() => {
    const spanProcessors = [new SimpleSpanProcessor({ exporter })];
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }));
    reader = new PeriodicExportingMetricReader({ exporter: metricExporter });
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  });
  afterEach(async () => {
    await reader.shutdown();
    for (const global of [trace, metrics, context]) {
      global.disable();
    }
    exporter.reset();
  });

  it("spans and metrics go to the program's, which goes on after the gateway has stopped", async () => {
    const { post, stop } = await start([page], { OTEL_SDK_DISABLED: 'true' });
    await post(listQuery);
    await stop();
    trace.getTracer('program').startSpan('own').end();
    expect(namesOfSpans()).toEqual([
      'GET /deviceManagement/complianceManagementPartners',
      'query',
      'own',
    ]);
    await reader.forceFlush();
    const scopes = metricExporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    const names = scopes.flatMap((scope) => scope.metrics.map(({ descriptor }) => descriptor.name));
    expect(names).toContain('http.server.request.duration');
  });

  it("they go elsewhere if the gateway's configuration says so, and the program's stays global", async () => {
    const mine = trace.getTracerProvider();
    const { collector, post, stop } = await start([page]);
    await post(listQuery);
    await stop();
    expect(collector.spans()).toHaveLength(2);
    expect(namesOfSpans()).toEqual([]);
    expect(trace.getTracerProvider()).toBe(mine);
  });

  it('a span that the program has for the same request is the parent', () => {
    context.setGlobalContextManager(new StackContextManager().enable());
    const tracer = trace.getTracer('program');
    const around = tracer.startSpan('around');
    context.with(trace.setSpan(context.active(), around), () => {
      for (const caller of [undefined, { traceparent, tracestate: undefined }]) {
        const own = createStartTrace(() => tracer)({ method: 'POST', requestId: '1', caller });
        own.end({ route: '/graphql', status: 200 });
      }
    });
    const { traceId, spanId } = around.spanContext();
    const parents = exporter.getFinishedSpans().map(({ parentSpanContext }) => parentSpanContext);
    expect(parents).toMatchObject([{ traceId, spanId }, { spanId: '00f067aa0ba902b7' }]);
  });
});
