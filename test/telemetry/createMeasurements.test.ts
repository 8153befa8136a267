import { describe, expect, it } from '@jest/globals';
import {
  type Attributes,
  createNoopMeter,
  type Meter,
  type ObservableCallback,
} from '@opentelemetry/api';
import { createMeasurements } from '../../src/telemetry/createMeasurements.ts';
import type { AttemptMeasurement, RequestMeasurement } from '../../src/telemetry/measurements.ts';

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
  /** What is read when somebody collects. */
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

  it('measures what is held back, shed and cut, what nobody knows, and the state of the breaker', () => {
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

  it('counts what is under way to Graph up and down', () => {
    const { measurements, points } = start();
    measurements.underWay(1);
    measurements.underWay(-1);
    expect(points.map(([, value]) => value)).toEqual([1, -1]);
  });

  it('reads keys and tokens when somebody collects, until that is ended', () => {
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
