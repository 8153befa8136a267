import { createNoopMeter } from '@opentelemetry/api';
import { createMeasurements, type Measurements } from '../../src/telemetry/metrics.ts';

type AttemptMeasurement = Parameters<Measurements['attempt']>[0];
type RequestMeasurement = Parameters<Measurements['request']>[0];

/** Measurements that go nowhere. */
export const noMeasurements: Measurements = createMeasurements(createNoopMeter());

const towards = (upstream: 'graph' | 'authority'): string =>
  upstream === 'graph' ? '' : ` towards the ${upstream}`;

/** Measurements that are kept. */
export function recordingMeasurements(): Measurements & {
  readonly attempts: readonly AttemptMeasurement[];
  readonly requests: readonly RequestMeasurement[];
  readonly events: readonly string[];
  /** What requests and documents had of what is limited. */
  readonly seen: readonly (readonly [limit: string, seen: number])[];
} {
  const attempts: AttemptMeasurement[] = [];
  const requests: RequestMeasurement[] = [];
  const events: string[] = [];
  const seen: (readonly [string, number])[] = [];
  return {
    ...noMeasurements,
    attempts,
    requests,
    events,
    seen,
    attempt: (measurement) => attempts.push(measurement),
    request: (measurement) => requests.push(measurement),
    rejectedLocally: (reason, upstream) => events.push(`rejected by ${reason}${towards(upstream)}`),
    breakerState: (state, upstream) => events.push(`breaker ${state}${towards(upstream)}`),
    shed: (reason) => events.push(`shed for ${reason}`),
    connectionCut: (reason) => events.push(`connection cut for ${reason}`),
    tokenAcquired: ({ flow, outcome }) => events.push(`${flow} ${outcome}`),
    tokenLookedUp: (lookup) => events.push(`token ${lookup}`),
    outcomeUnknown: (operation) => events.push(`outcome of ${operation} unknown`),
    lockedAlone: () => events.push('locked alone'),
    keyUsed: (outcome) => events.push(`key ${outcome}`),
    limitSeen: (limit, amount) => seen.push([limit, amount]),
    limitExceeded: (limit, outcome) => events.push(`${limit} ${outcome}`),
    untrustedDocument: (outcome) => events.push(`untrusted document ${outcome}`),
    trustedDocumentsReloaded: (outcome) => events.push(`trusted documents ${outcome}`),
  };
}
