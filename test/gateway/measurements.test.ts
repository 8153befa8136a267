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
import { request } from 'undici';
import { createGateway, type OwnGateway, readConfig } from '../../src/createGateway.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import {
  type AttemptMeasurement,
  createMeasurements,
  type RequestMeasurement,
} from '../../src/telemetry/metrics.ts';
import { type MetricsServer, startMetricsServer } from '../../src/telemetry/otelMetrics.ts';
import { createStartTrace } from '../../src/telemetry/trace.ts';
import { startOtlpReceiver } from '../support/otlpReceiver.ts';

describe('create measurements', () => {
  type Point = readonly [instrument: string, value: number, attributes: Attributes | undefined];

  /** A meter that keeps what its instruments are given, and the names and units of those that were made. */
  function recordingMeter() {
    const points: Point[] = [];
    const instruments: string[] = [];
    const make = (kind: 'add' | 'record') => (name: string, options?: { unit?: string }) => {
      instruments.push([name, options?.unit].filter(Boolean).join(' in '));
      const take = (value: number, attributes?: Attributes): void => {
        points.push([name, value, attributes]);
      };
      return kind === 'add' ? { add: take, record: take } : { record: take, add: take };
    };
    /** The values read at each collection. */
    const readers = new Map<string, Set<ObservableCallback>>();
    const observable = (name: string) => {
      instruments.push(name);
      const callbacks = new Set<ObservableCallback>();
      readers.set(name, callbacks);
      return {
        addCallback: (callback: ObservableCallback) => callbacks.add(callback),
        removeCallback: (callback: ObservableCallback) => callbacks.delete(callback),
      };
    };
    const collect = (): Point[] => {
      const collected: Point[] = [];
      for (const [name, callbacks] of readers) {
        for (const callback of callbacks) {
          callback({ observe: (value, attributes) => collected.push([name, value, attributes]) });
        }
      }
      return collected;
    };
    const meter: Meter = Object.assign(createNoopMeter(), {
      createHistogram: make('record'),
      createCounter: make('add'),
      createUpDownCounter: make('add'),
      createGauge: make('record'),
      createObservableGauge: observable,
    });
    return { meter, points, instruments, collect };
  }

  /** Measurements, and the points that were taken since they were made. */
  function start() {
    const { meter, points, collect } = recordingMeter();
    const measurements = createMeasurements(meter);
    return { measurements, points, collect, zeros: points.splice(0) };
  }

  const attempt: AttemptMeasurement = {
    method: 'GET',
    route: '/deviceManagement/complianceManagementPartners/{id}',
    durationMs: 250,
    attempt: 1,
    repeatReason: undefined,
    status: 200,
  };
  const request: RequestMeasurement = {
    method: 'POST',
    route: '/graphql',
    durationMs: 1500,
    status: 200,
    errorType: undefined,
    operationType: 'query',
  };
  const labels = { 'http.request.method': 'GET', 'url.template': attempt.route };
  const duration = 'http.client.request.duration';

  describe('createMeasurements', () => {
    it('makes each instrument once, under its published name', () => {
      const { meter, instruments } = recordingMeter();
      createMeasurements(meter);
      expect(instruments).toEqual([
        'http.client.request.duration in s',
        'http.server.request.duration in s',
        'gateway_upstream_inflight',
        'gateway_upstream_retries_total',
        'gateway_upstream_throttled_total',
        'gateway_upstream_shed_total',
        'gateway_shed_total',
        'gateway_connections_cut_total',
        'gateway_outcome_unknown_total',
        'gateway_locks_local_total',
        'gateway_idempotency_total',
        'gateway_upstream_circuit_state',
        'gateway_token_acquire_seconds in s',
        'gateway_token_cache_lookups_total',
        'gateway_limits_seen',
        'gateway_limits_rejected_total',
        'gateway_limits_warned_total',
        'gateway_untrusted_documents_total',
        'gateway_trusted_documents_reloads_total',
        'gateway_token_cache_entries',
        'gateway_jwks_age_seconds',
      ]);
    });

    it('shows zero for what has not happened yet, so that the first time is seen as a rise', () => {
      expect(start().zeros).toEqual([
        ['gateway_upstream_circuit_state', 0, { upstream: 'graph' }],
        ['gateway_upstream_throttled_total', 0, undefined],
        ['gateway_upstream_inflight', 0, undefined],
      ]);
    });

    it.each<[string, Partial<AttemptMeasurement>, Point[]]>([
      ['an answer', {}, [[duration, 0.25, { ...labels, 'http.response.status_code': 200 }]]],
      [
        'a repeat',
        { attempt: 3, repeatReason: 'server-error' },
        [
          [
            duration,
            0.25,
            { ...labels, 'http.response.status_code': 200, 'http.request.resend_count': 2 },
          ],
          ['gateway_upstream_retries_total', 1, { reason: 'server-error' }],
        ],
      ],
      [
        'throttling',
        { status: 429 },
        [
          [duration, 0.25, { ...labels, 'http.response.status_code': 429 }],
          ['gateway_upstream_throttled_total', 1, undefined],
        ],
      ],
    ])('measures %s', (_what, change, expected) => {
      const { measurements, points } = start();
      measurements.attempt({ ...attempt, ...change });
      expect(points).toEqual(expected);
    });

    it('measures an attempt without an answer by its error', () => {
      const { measurements, points } = start();
      const { status: _status, ...unanswered } = attempt;
      measurements.attempt({ ...unanswered, errorType: 'timeout' });
      expect(points).toEqual([[duration, 0.25, { ...labels, 'error.type': 'timeout' }]]);
    });

    it('measures rejected, shed and cut requests, unknown outcomes, and the state of the breaker', () => {
      const { measurements, points } = start();
      measurements.heldBack('breaker', 'graph');
      measurements.heldBack('bulkhead', 'authority');
      measurements.shed('event-loop');
      measurements.connectionCut('response-idle');
      measurements.outcomeUnknown('add');
      measurements.breakerState('closed', 'graph');
      measurements.breakerState('half-open', 'authority');
      measurements.breakerState('open', 'graph');
      expect(points).toEqual([
        ['gateway_upstream_shed_total', 1, { upstream: 'graph', reason: 'breaker' }],
        ['gateway_upstream_shed_total', 1, { upstream: 'authority', reason: 'bulkhead' }],
        ['gateway_shed_total', 1, { reason: 'event-loop' }],
        ['gateway_connections_cut_total', 1, { reason: 'response-idle' }],
        ['gateway_outcome_unknown_total', 1, { operation: 'add' }],
        ['gateway_upstream_circuit_state', 0, { upstream: 'graph' }],
        ['gateway_upstream_circuit_state', 1, { upstream: 'authority' }],
        ['gateway_upstream_circuit_state', 2, { upstream: 'graph' }],
      ]);
    });

    it('measures what limits have seen and refused, by nothing but the limit', () => {
      const { measurements, points } = start();
      measurements.limitSeen('depth', 7);
      measurements.limitExceeded('depth', 'rejected');
      measurements.limitExceeded('aliases', 'warned');
      measurements.untrustedDocument('rejected');
      measurements.trustedDocumentsReloaded('loaded');
      expect(points).toEqual([
        ['gateway_limits_seen', 7, { limit: 'depth' }],
        ['gateway_limits_rejected_total', 1, { limit: 'depth' }],
        ['gateway_limits_warned_total', 1, { limit: 'aliases' }],
        ['gateway_untrusted_documents_total', 1, { outcome: 'rejected' }],
        ['gateway_trusted_documents_reloads_total', 1, { outcome: 'loaded' }],
      ]);
    });

    it.each<[string, Partial<RequestMeasurement>, Attributes]>([
      ['an answer', {}, { 'http.response.status_code': 200 }],
      [
        'a failed operation',
        { status: 429, errorType: 'THROTTLED' },
        { 'http.response.status_code': 429, 'error.type': 'THROTTLED' },
      ],
      [
        'a caller that left',
        { status: undefined, errorType: 'callerLeft' },
        { 'error.type': 'callerLeft' },
      ],
    ])('measures %s to a request', (_what, change, expected) => {
      const { measurements, points } = start();
      measurements.request({ ...request, ...change });
      const labels = {
        'http.request.method': 'POST',
        'url.scheme': 'http',
        'http.route': '/graphql',
        'graphql.operation.type': 'query',
      };
      expect(points).toEqual([['http.server.request.duration', 1.5, { ...labels, ...expected }]]);
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

    it('counts the requests in flight to Graph up and down', () => {
      const { measurements, points } = start();
      measurements.underWay(1);
      measurements.underWay(-1);
      expect(points.map(([, value]) => value)).toEqual([1, -1]);
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
});

describe('metrics server', () => {
  let server: MetricsServer;
  let read: () => Promise<string>;

  beforeEach(async () => {
    read = async () => 'up 1\n';
    server = await startMetricsServer({ host: '127.0.0.1', port: 0 }, () => read());
  });
  afterEach(() => server.close());

  async function ask(method: 'GET' | 'POST' | 'HEAD' | 'OPTIONS', path: string) {
    const url = new URL(path, server.url);
    const { statusCode, headers, body } = await request(url, { method });
    return { status: statusCode, type: headers['content-type'], text: await body.text() };
  }

  describe('the metrics server', () => {
    it.each(['/metrics', '/metrics?collect[]=http'])('serves GET %s as text', async (path) => {
      expect(await ask('GET', path)).toEqual({
        status: 200,
        type: 'text/plain; version=0.0.4; charset=utf-8',
        text: 'up 1\n',
      });
    });

    it.each([
      ['GET', '/'],
      ['GET', '/metrics/'],
      ['GET', '/graphql'],
      ['GET', '/metrics/metrics'],
      ['POST', '/metrics'],
      ['HEAD', '/metrics'],
      ['OPTIONS', '*'],
    ] as const)('knows nothing else: %s %s is 404 in JSON', async (method, path) => {
      const { status, type, text } = await ask(method, path);
      expect([status, type]).toEqual([404, 'application/json; charset=utf-8']);
      if (method !== 'HEAD') {
        expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
      }
    });

    it('says nothing of why metrics cannot be read', async () => {
      read = async () => {
        throw new Error('hunter2');
      };
      const { status, text } = await ask('GET', '/metrics');
      expect(status).toBe(500);
      expect(text).not.toContain('hunter2');
    });
  });
});

describe('embedding program', () => {
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
});
