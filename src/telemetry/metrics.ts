import {
  type Counter,
  type Meter,
  type Observable,
  type ObservableCallback,
  ValueType,
} from '@opentelemetry/api';

/** One attempt to have a call of Graph answered, as metrics see it: no ids, no addresses. */
interface AttemptMeasurement {
  readonly method: string;
  /** The path without version and id. */
  readonly route: string;
  /** From 1. */
  readonly attempt: number;
  readonly repeatReason: string | undefined;
  readonly durationMs: number;
  /** If an answer came. */
  readonly status?: number;
  /** If none came: the gateway's code for it. */
  readonly errorType?: string;
}

/** One HTTP request to the gateway. */
interface RequestMeasurement {
  readonly method: string;
  /** The route's pattern; undefined if there is none, so that no caller can make up new ones. */
  readonly route: string | undefined;
  readonly durationMs: number;
  /** Undefined if the caller had left before its answer. */
  readonly status: number | undefined;
  readonly errorType: string | undefined;
  readonly operationType: string | undefined;
}

/** Where requests go to: Graph, or where tokens for it come from. */
type Upstream = 'graph' | 'authority';

/** What the gateway measures. */
export type Measurements = ReturnType<typeof createMeasurements>;

/** For levels, counts and bytes alike. */
const powersOfTwo = Array.from({ length: 17 }, (_power, exponent) => 2 ** exponent);
/** In seconds, as OpenTelemetry's conventions have them for HTTP; the SDK's own are for milliseconds. */
const advice = {
  explicitBucketBoundaries: [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20,
  ],
};

const states = ['closed', 'half-open', 'open'] as const;

const counters = {
  gateway_upstream_retries_total: 'Attempts that followed another one, by reason.',
  gateway_upstream_throttled_total: 'Answers of Microsoft Graph with 429.',
  gateway_upstream_shed_total:
    'Requests that were rejected before they were sent, by upstream and reason.',
  gateway_shed_total: 'Requests rejected before they were read, by reason.',
  gateway_connections_cut_total: 'Connections of callers that the gateway ended, by reason.',
  gateway_outcome_unknown_total: 'Writes with an unknown outcome.',
  gateway_locks_local_total:
    'Changes locked within one replica only, because Redis was unavailable.',
  gateway_idempotency_total: 'Mutations with an idempotencyKey, by answer of the outcome store.',
  gateway_token_cache_lookups_total: "How tokens of the gateway's own were found.",
  gateway_limits_rejected_total: 'Requests rejected because they exceed a limit, by limit.',
  gateway_limits_warned_total: 'Requests beyond a limit that passed in warn-only mode, by limit.',
  gateway_untrusted_documents_total:
    'Requests for documents that are not in the manifest, by result.',
  gateway_trusted_documents_reloads_total:
    'Changes of the manifest of trusted documents, by result.',
};

function countersOf(meter: Meter): Readonly<Record<keyof typeof counters, Counter>> {
  const entries = Object.entries(counters).map(([name, description]) => [
    name,
    meter.createCounter(name, { description }),
  ]);
  return Object.fromEntries(entries);
}

/** Takes the measurements with OpenTelemetry's instruments, which cost next to nothing without a collector. */
export function createMeasurements(meter: Meter) {
  const duration = meter.createHistogram('http.client.request.duration', {
    unit: 's',
    description: 'How long attempts towards Microsoft Graph took.',
    advice,
  });
  const requests = meter.createHistogram('http.server.request.duration', {
    unit: 's',
    description: 'How long requests to this gateway took.',
    advice,
  });
  const inFlight = meter.createUpDownCounter('gateway_upstream_inflight', {
    description: 'Attempts towards Microsoft Graph in flight.',
    valueType: ValueType.INT,
  });
  const count = countersOf(meter);
  const circuit = meter.createGauge('gateway_upstream_circuit_state', {
    description: 'The breaker towards each upstream: 0 closed, 1 half-open, 2 open.',
  });
  const acquisitions = meter.createHistogram('gateway_token_acquire_seconds', {
    unit: 's',
    description: "How long getting tokens of the gateway's own took, by flow and outcome.",
    advice,
  });
  const limitsSeen = meter.createHistogram('gateway_limits_seen', {
    description: 'Sizes of requests and documents that have a limit, by limit.',
    advice: { explicitBucketBoundaries: powersOfTwo },
  });
  const keptTokens = meter.createObservableGauge('gateway_token_cache_entries', {
    description: "Tokens of the gateway's own that are kept.",
    valueType: ValueType.INT,
  });
  const keyAge = meter.createObservableGauge('gateway_jwks_age_seconds', {
    unit: 's',
    description: "How long ago the keys that check callers' tokens were loaded.",
  });
  // A series starts at zero, so that its first rise is seen.
  circuit.record(0, { upstream: 'graph' });
  count.gateway_upstream_throttled_total.add(0);
  inFlight.add(0);
  return {
    attempt(measurement: AttemptMeasurement): void {
      const { method, route, durationMs, attempt, repeatReason, status, errorType } = measurement;
      duration.record(durationMs / 1000, {
        'http.request.method': method,
        'url.template': route,
        ...(status !== undefined && { 'http.response.status_code': status }),
        ...(errorType !== undefined && { 'error.type': errorType }),
        ...(attempt > 1 && { 'http.request.resend_count': attempt - 1 }),
      });
      if (repeatReason !== undefined) {
        count.gateway_upstream_retries_total.add(1, { reason: repeatReason });
      }
      if (status === 429) {
        count.gateway_upstream_throttled_total.add(1);
      }
    },
    inFlight: (change: 1 | -1): void => inFlight.add(change),
    request(measurement: RequestMeasurement): void {
      const { method, route, durationMs, status, errorType, operationType } = measurement;
      requests.record(durationMs / 1000, {
        'http.request.method': knownMethodOf(method),
        'url.scheme': 'http',
        ...(route !== undefined && { 'http.route': route }),
        ...(status !== undefined && { 'http.response.status_code': status }),
        ...(errorType !== undefined && { 'error.type': errorType }),
        ...(operationType !== undefined && { 'graphql.operation.type': operationType }),
      });
    },
    /** Reads at each collection; the result ends that. */
    watchKeyAge: (readMs: () => number | undefined) =>
      watch(keyAge, () => {
        const ageMs = readMs();
        return ageMs && ageMs / 1000;
      }),
    watchTokenCache: (readSize: () => number) => watch(keptTokens, readSize),
    rejectedLocally: (reason: 'budget' | 'breaker' | 'bulkhead', upstream: Upstream): void =>
      count.gateway_upstream_shed_total.add(1, { upstream, reason }),
    breakerState: (state: (typeof states)[number], upstream: Upstream): void =>
      circuit.record(states.indexOf(state), { upstream }),
    shed: (reason: 'heap' | 'event-loop' | 'open-requests' | 'arriving-bodies'): void =>
      count.gateway_shed_total.add(1, { reason }),
    connectionCut: (
      reason: 'request-timeout' | 'slow-body' | 'malformed' | 'response-idle' | 'limit',
    ): void => count.gateway_connections_cut_total.add(1, { reason }),
    tokenAcquired(acquisition: { flow: string; outcome: string; durationMs: number }): void {
      const { flow, outcome, durationMs } = acquisition;
      acquisitions.record(durationMs / 1000, { flow, outcome });
    },
    tokenLookedUp: (result: 'hit' | 'miss' | 'joined'): void =>
      count.gateway_token_cache_lookups_total.add(1, { result }),
    outcomeUnknown: (operation: string): void =>
      count.gateway_outcome_unknown_total.add(1, { operation }),
    lockedAlone: (): void => count.gateway_locks_local_total.add(1),
    keyUsed: (outcome: 'first' | 'repeat' | 'reused' | 'full' | 'unavailable'): void =>
      count.gateway_idempotency_total.add(1, { outcome }),
    limitSeen: (limit: string, seen: number): void => limitsSeen.record(seen, { limit }),
    limitExceeded: (limit: string, outcome: 'rejected' | 'warned'): void =>
      count[`gateway_limits_${outcome}_total`].add(1, { limit }),
    untrustedDocument: (outcome: 'rejected' | 'warned'): void =>
      count.gateway_untrusted_documents_total.add(1, { outcome }),
    trustedDocumentsReloaded: (outcome: 'loaded' | 'rejected'): void =>
      count.gateway_trusted_documents_reloads_total.add(1, { outcome }),
  };
}

function watch(gauge: Observable, read: () => number | undefined): () => void {
  const observe: ObservableCallback = (result) => {
    const value = read();
    if (value !== undefined) {
      result.observe(value);
    }
  };
  gauge.addCallback(observe);
  return () => gauge.removeCallback(observe);
}

const known: ReadonlySet<string> = new Set(
  'GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT'.split(' '),
);

/** The method as metrics and spans may show it: what callers make up is all one. */
export function knownMethodOf(method: string): string {
  return known.has(method) ? method : '_OTHER';
}

/**
 * Says in a word why a request failed, as metrics and spans sort it; undefined if it did not. A status is undefined if the
 * caller left before its answer.
 */
export function errorTypeOf(
  status: number | undefined,
  codes: readonly string[],
): string | undefined {
  if (status === undefined) {
    return 'callerLeft';
  }
  return codes[0] ?? (status >= 500 ? String(status) : undefined);
}
