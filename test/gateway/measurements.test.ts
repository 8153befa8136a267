import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Attributes,
  context,
  createNoopMeter,
  type Meter,
  metrics,
  type ObservableCallback,
  trace,
} from '@opentelemetry/api';
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
import { createGateway, type OwnGateway, readConfig } from '../../src/createGateway.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { createMeasurements, type Measurements } from '../../src/telemetry/metrics.ts';
import { startMetricsServer } from '../../src/telemetry/otelMetrics.ts';
import { createStartTrace } from '../../src/telemetry/trace.ts';
import { startOtlpReceiver } from '../support/otlpReceiver.ts';

type Point = readonly [instrument: string, value: number, attributes: Attributes | undefined];

/** Measurements over a meter that keeps what its instruments are given, and their names and units. */
function start() {
  const points: Point[] = [];
  const instruments: string[] = [];
  /** The values read at each collection. */
  const callbacks = new Map<ObservableCallback, string>();
  const make = (name: string, options?: { unit?: string }) => {
    instruments.push([name, options?.unit].filter(Boolean).join(' in '));
    const take = (value: number, attributes?: Attributes): void => {
      points.push([name, value, attributes]);
    };
    return { add: take, record: take };
  };
  const createObservableGauge = (name: string) => {
    instruments.push(name);
    return {
      addCallback: (callback: ObservableCallback) => callbacks.set(callback, name),
      removeCallback: (callback: ObservableCallback) => callbacks.delete(callback),
    };
  };
  const makers = {
    createHistogram: make,
    createCounter: make,
    createUpDownCounter: make,
    createGauge: make,
  };
  const meter: Meter = Object.assign(createNoopMeter(), { ...makers, createObservableGauge });
  const measurements = createMeasurements(meter);
  const collect = (): Point[] => {
    const collected: Point[] = [];
    for (const [callback, name] of callbacks) {
      callback({ observe: (value, attributes) => collected.push([name, value, attributes]) });
    }
    return collected;
  };
  return { measurements, instruments, points, collect, zeros: points.splice(0) };
}

const attempt: Parameters<Measurements['attempt']>[0] = {
  method: 'GET',
  route: '/deviceManagement/complianceManagementPartners/{id}',
  durationMs: 250,
  attempt: 1,
  repeatReason: undefined,
};
const attempted = (labels: Attributes): Point => [
  'http.client.request.duration',
  0.25,
  { 'http.request.method': 'GET', 'url.template': attempt.route, ...labels },
];
const request: Parameters<Measurements['request']>[0] = {
  method: 'POST',
  route: '/graphql',
  durationMs: 1500,
  status: 200,
  errorType: undefined,
  operationType: 'query',
};
const requested = (labels: Attributes): Point => [
  'http.server.request.duration',
  1.5,
  {
    'http.request.method': 'POST',
    'url.scheme': 'http',
    'http.route': '/graphql',
    'graphql.operation.type': 'query',
    ...labels,
  },
];

describe('createMeasurements', () => {
  it('makes each instrument once, under its published name', () => {
    expect(start().instruments.sort()).toEqual([
      'gateway_connections_cut_total',
      'gateway_idempotency_total',
      'gateway_jwks_age_seconds',
      'gateway_limits_rejected_total',
      'gateway_limits_seen',
      'gateway_limits_warned_total',
      'gateway_locks_local_total',
      'gateway_outcome_unknown_total',
      'gateway_shed_total',
      'gateway_token_acquire_seconds in s',
      'gateway_token_cache_entries',
      'gateway_token_cache_lookups_total',
      'gateway_trusted_documents_reloads_total',
      'gateway_untrusted_documents_total',
      'gateway_upstream_circuit_state',
      'gateway_upstream_inflight',
      'gateway_upstream_retries_total',
      'gateway_upstream_shed_total',
      'gateway_upstream_throttled_total',
      'http.client.request.duration in s',
      'http.server.request.duration in s',
    ]);
  });

  it('shows zero for what has not happened yet, so that the first time is seen as a rise', () => {
    expect(start().zeros).toEqual([
      ['gateway_upstream_circuit_state', 0, { upstream: 'graph' }],
      ['gateway_upstream_throttled_total', 0, undefined],
      ['gateway_upstream_inflight', 0, undefined],
    ]);
  });

  const status = (code: number) => ({ 'http.response.status_code': code });
  const counted = (name: string, labels?: Attributes): Point => [
    `gateway_${name}_total`,
    1,
    labels,
  ];
  const circuit = (state: number, upstream: string): Point => [
    'gateway_upstream_circuit_state',
    state,
    { upstream },
  ];

  it.each<[keyof Measurements, unknown[], ...Point[]]>([
    ['attempt', [{ ...attempt, status: 200 }], attempted(status(200))],
    [
      'attempt',
      [{ ...attempt, status: 200, attempt: 3, repeatReason: 'server-error' }],
      attempted({ ...status(200), 'http.request.resend_count': 2 }),
      counted('upstream_retries', { reason: 'server-error' }),
    ],
    [
      'attempt',
      [{ ...attempt, status: 429 }],
      attempted(status(429)),
      counted('upstream_throttled'),
    ],
    ['attempt', [{ ...attempt, errorType: 'timeout' }], attempted({ 'error.type': 'timeout' })],
    ['request', [request], requested(status(200))],
    [
      'request',
      [{ ...request, status: 429, errorType: 'THROTTLED' }],
      requested({ ...status(429), 'error.type': 'THROTTLED' }),
    ],
    [
      'request',
      [{ ...request, status: undefined, errorType: 'callerLeft' }],
      requested({ 'error.type': 'callerLeft' }),
    ],
    [
      'rejectedLocally',
      ['breaker', 'graph'],
      counted('upstream_shed', { upstream: 'graph', reason: 'breaker' }),
    ],
    ['breakerState', ['closed', 'graph'], circuit(0, 'graph')],
    ['breakerState', ['half-open', 'authority'], circuit(1, 'authority')],
    ['breakerState', ['open', 'graph'], circuit(2, 'graph')],
    [
      'tokenAcquired',
      [{ flow: 'on-behalf-of', outcome: 'token', durationMs: 500 }],
      ['gateway_token_acquire_seconds', 0.5, { flow: 'on-behalf-of', outcome: 'token' }],
    ],
    ['tokenLookedUp', ['miss'], counted('token_cache_lookups', { result: 'miss' })],
    ['inFlight', [1], ['gateway_upstream_inflight', 1, undefined]],
    ['inFlight', [-1], ['gateway_upstream_inflight', -1, undefined]],
    ['limitSeen', ['depth', 7], ['gateway_limits_seen', 7, { limit: 'depth' }]],
    ['limitExceeded', ['depth', 'rejected'], counted('limits_rejected', { limit: 'depth' })],
    ['limitExceeded', ['aliases', 'warned'], counted('limits_warned', { limit: 'aliases' })],
    ['shed', ['heap'], counted('shed', { reason: 'heap' })],
    ['connectionCut', ['limit'], counted('connections_cut', { reason: 'limit' })],
    ['outcomeUnknown', ['add'], counted('outcome_unknown', { operation: 'add' })],
    ['lockedAlone', [], counted('locks_local')],
    ['keyUsed', ['first'], counted('idempotency', { outcome: 'first' })],
    ['untrustedDocument', ['warned'], counted('untrusted_documents', { outcome: 'warned' })],
    [
      'trustedDocumentsReloaded',
      ['loaded'],
      counted('trusted_documents_reloads', { outcome: 'loaded' }),
    ],
  ])('measures %s of %j', (name, args, ...expected) => {
    const { measurements, points } = start();
    Reflect.apply(measurements[name], undefined, args);
    expect(points).toEqual(expected);
  });

  it('has one label for all methods and routes that callers make up', () => {
    const { measurements, points } = start();
    for (const method of ['PROPFIND', 'MKCOL', 'M-SEARCH']) {
      measurements.request({ ...request, method, route: undefined, status: 404 });
    }
    expect(new Set(points.map(([, , labels]) => JSON.stringify(labels))).size).toBe(1);
    expect(points[0]?.[2]).toMatchObject({ 'http.request.method': '_OTHER' });
    expect(points[0]?.[2]).not.toHaveProperty('http.route');
  });

  it('reads keys and tokens at each collection, until that is ended', () => {
    const { measurements, collect } = start();
    let ageMs: number | undefined;
    const stops = [measurements.watchKeyAge(() => ageMs), measurements.watchTokenCache(() => 7)];
    expect(collect()).toEqual([['gateway_token_cache_entries', 7, undefined]]);
    ageMs = 90_000;
    expect(collect()).toContainEqual(['gateway_jwks_age_seconds', 90, undefined]);
    for (const stop of stops) {
      stop();
    }
    expect(collect()).toEqual([]);
  });
});

describe('the metrics server', () => {
  const ask = async (
    method: 'GET' | 'POST' | 'HEAD' | 'OPTIONS',
    path: string,
    readMetrics = async () => 'up 1\n',
  ) => {
    const server = await startMetricsServer({ host: '127.0.0.1', port: 0 }, readMetrics);
    const { statusCode, headers, body } = await send(new URL(path, server.url), { method });
    const text = await body.text();
    await server.close();
    return { status: statusCode, type: headers['content-type'], text };
  };

  it.each(['/metrics', '/metrics?collect[]=http'])('serves GET %s as text', async (path) => {
    expect(await ask('GET', path)).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      text: 'up 1\n',
    });
  });

  it.each([
    ['GET', '/metrics/'],
    ['GET', '/metrics/metrics'],
    ['POST', '/metrics'],
    ['HEAD', '/metrics'],
    ['OPTIONS', '*'],
  ] as const)('knows nothing else: %s %s is 404 in JSON', async (method, path) => {
    const { status, type, text } = await ask(method, path);
    expect([status, type]).toEqual([404, 'application/json; charset=utf-8']);
    expect(text).toContain(method === 'HEAD' ? '' : '"extensions":{"code":"NOT_FOUND"}');
  });

  it('says nothing of why metrics cannot be read', async () => {
    const failure = Promise.reject(new Error('hunter2'));
    const { status, text } = await ask('GET', '/metrics', () => failure);
    expect(status).toBe(500);
    expect(text).not.toContain('hunter2');
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
