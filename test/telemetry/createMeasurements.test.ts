import { describe, expect, it } from '@jest/globals';
import { type Attributes, createNoopMeter, type Meter } from '@opentelemetry/api';
import { createMeasurements } from '../../src/telemetry/createMeasurements.ts';
import type { AttemptMeasurement } from '../../src/telemetry/measurements.ts';

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
  const meter: Meter = Object.assign(createNoopMeter(), {
    createHistogram: make('record'),
    createCounter: make('add'),
    createGauge: make('record'),
  });
  return { meter, points, instruments };
}

const attempt: AttemptMeasurement = {
  method: 'GET',
  route: '/deviceManagement/complianceManagementPartners/{id}',
  durationMs: 250,
  attempt: 1,
  repeatReason: undefined,
  status: 200,
};
const labels = { 'http.request.method': 'GET', 'url.template': attempt.route };
const duration = 'http.client.request.duration';

describe('createMeasurements', () => {
  it('makes each instrument once, under its published name', () => {
    const { meter, instruments } = recordingMeter();
    createMeasurements(meter);
    expect(instruments).toEqual([
      'http.client.request.duration in s',
      'gateway_upstream_retries_total',
      'gateway_upstream_throttled_total',
      'gateway_upstream_shed_total',
      'gateway_outcome_unknown_total',
      'gateway_upstream_circuit_state',
      'gateway_token_acquire_seconds in s',
      'gateway_token_cache_lookups_total',
      'gateway_limits_seen',
      'gateway_limits_rejected_total',
      'gateway_limits_warned_total',
      'gateway_untrusted_documents_total',
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
    const { meter, points } = recordingMeter();
    createMeasurements(meter).attempt({ ...attempt, ...change });
    expect(points).toEqual(expected);
  });

  it('measures an attempt without an answer by its error', () => {
    const { meter, points } = recordingMeter();
    const { status: _status, ...unanswered } = attempt;
    createMeasurements(meter).attempt({ ...unanswered, errorType: 'timeout' });
    expect(points).toEqual([[duration, 0.25, { ...labels, 'error.type': 'timeout' }]]);
  });

  it('measures what is held back, what nobody knows, and the state of the breaker', () => {
    const { meter, points } = recordingMeter();
    const measurements = createMeasurements(meter);
    measurements.heldBack('breaker');
    measurements.heldBack('bulkhead');
    measurements.outcomeUnknown('add');
    measurements.breakerState('closed');
    measurements.breakerState('half-open');
    measurements.breakerState('open');
    expect(points).toEqual([
      ['gateway_upstream_shed_total', 1, { reason: 'breaker' }],
      ['gateway_upstream_shed_total', 1, { reason: 'bulkhead' }],
      ['gateway_outcome_unknown_total', 1, { operation: 'add' }],
      ['gateway_upstream_circuit_state', 0, undefined],
      ['gateway_upstream_circuit_state', 1, undefined],
      ['gateway_upstream_circuit_state', 2, undefined],
    ]);
  });

  it('measures what limits have seen and refused, by nothing but the limit', () => {
    const { meter, points } = recordingMeter();
    const measurements = createMeasurements(meter);
    measurements.limitSeen('depth', 7);
    measurements.limitExceeded('depth', 'rejected');
    measurements.limitExceeded('aliases', 'warned');
    measurements.untrustedDocument('rejected');
    expect(points).toEqual([
      ['gateway_limits_seen', 7, { limit: 'depth' }],
      ['gateway_limits_rejected_total', 1, { limit: 'depth' }],
      ['gateway_limits_warned_total', 1, { limit: 'aliases' }],
      ['gateway_untrusted_documents_total', 1, { outcome: 'rejected' }],
    ]);
  });
});
