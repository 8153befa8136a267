import { describe, expect, it } from '@jest/globals';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace';
import { redactSpan } from '../../src/telemetry/sdk/redactSpan.ts';
import type { AttemptStart, CallerTrace } from '../../src/telemetry/trail.ts';
import { recordingTrails } from '../support/recordedSpans.ts';
import { startTrailOfNobody } from '../support/trails.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const caller: CallerTrace = {
  traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
  tracestate: 'vendor=value,other=1',
};
const request = { method: 'POST', requestId: 'request-1', caller };
const attempt: AttemptStart = {
  operation: 'get',
  method: 'GET',
  route: '/deviceManagement/complianceManagementPartners/{id}',
  attempt: 1,
  repeatReason: undefined,
};
const end = { route: '/graphql', status: 200 };

describe('a trail where nobody traces', () => {
  it("passes the caller's context on to Graph and back, letter for letter", () => {
    const trail = startTrailOfNobody(request);
    expect(trail.traceId).toBe(traceId);
    expect(trail.traceparent).toBe(caller.traceparent);
    expect(trail.startAttempt(attempt).headers).toEqual(caller);
  });

  it.each(['00', '01', '02', 'ff'])('leaves the flags %s as they are', (flags) => {
    const traceparent = `00-${traceId}-00f067aa0ba902b7-${flags}`;
    const trail = startTrailOfNobody({
      ...request,
      caller: { traceparent, tracestate: undefined },
    });
    expect(trail.startAttempt(attempt).headers).toEqual({ traceparent });
  });

  it('makes nothing up where the caller sent no context', () => {
    const trail = startTrailOfNobody({ ...request, caller: undefined });
    expect(trail.traceId).toBeUndefined();
    expect(trail.traceparent).toBeUndefined();
    expect(trail.startAttempt(attempt).headers).toEqual({});
  });

  it.each([
    ['x'.repeat(513), undefined],
    ['no pairs', undefined],
    ['a=1,broken,b=2', 'a=1,b=2'],
    ['a=1\u0000', undefined],
  ])('passes no state on that is none: %j', (tracestate, passed) => {
    const trail = startTrailOfNobody({ ...request, caller: { ...caller, tracestate } });
    expect(trail.startAttempt(attempt).headers['tracestate']).toBe(passed);
  });

  it("tells the log's line what it knows all the same", () => {
    const trail = startTrailOfNobody(request);
    trail.noteOperation('mutation', 'Add');
    trail.noteErrors(['THROTTLED', 'THROTTLED', 'UPSTREAM_TIMEOUT']);
    trail.startAttempt(attempt).end({ status: 503, graphRequestId: 'graph-1' });
    trail
      .startAttempt({ ...attempt, attempt: 2, repeatReason: 'server-error' })
      .end({ status: 429, graphRequestId: 'graph-2' });
    expect(trail.describe()).toEqual({
      traceId,
      operationType: 'mutation',
      operationName: 'Add',
      codes: ['THROTTLED', 'UPSTREAM_TIMEOUT'],
      graphStatus: 429,
      graphRequestIds: ['graph-1', 'graph-2'],
      retries: 1,
    });
  });

  it('keeps the line short: no endless name, and not all ids of a long list', () => {
    const trail = startTrailOfNobody(request);
    trail.noteOperation('query', 'N'.repeat(65));
    for (let page = 1; page <= 50; page += 1) {
      trail.startAttempt(attempt).end({ status: 200, graphRequestId: `graph-${page}` });
    }
    const { operationName, graphRequestIds } = trail.describe();
    expect(operationName).toBeUndefined();
    expect(graphRequestIds).toHaveLength(10);
  });
});

describe('a trail where somebody traces', () => {
  it("makes a server's span under the caller's, and a client's span for each attempt", () => {
    const { startTrail, spans } = recordingTrails();
    const trail = startTrail(request);
    const first = trail.startAttempt(attempt);
    first.end({ status: 503, graphRequestId: 'graph-1', graphClientRequestId: 'request-1' });
    const second = trail.startAttempt({ ...attempt, attempt: 2, repeatReason: 'server-error' });
    second.end({ errorType: 'timeout' });
    trail.noteOperation('query', 'Partner');
    trail.end(end);
    const [one, two, server] = spans();
    expect(server).toMatchObject({
      name: 'query',
      kind: SpanKind.SERVER,
      parentSpanContext: { traceId, spanId: '00f067aa0ba902b7', isRemote: true },
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/graphql',
        'http.response.status_code': 200,
        'gateway.request_id': 'request-1',
        'graphql.operation.type': 'query',
        'graphql.operation.name': 'Partner',
      },
    });
    expect(one).toMatchObject({
      name: `GET ${attempt.route}`,
      kind: SpanKind.CLIENT,
      parentSpanContext: { spanId: server?.spanContext().spanId },
      status: { code: SpanStatusCode.ERROR },
      attributes: {
        'http.request.method': 'GET',
        'url.template': attempt.route,
        'http.response.status_code': 503,
        'error.type': '503',
        'gateway.graph.operation': 'get',
        'gateway.graph.request_id': 'graph-1',
        'gateway.graph.client_request_id': 'request-1',
      },
    });
    expect(two?.attributes).toMatchObject({
      'http.request.resend_count': 1,
      'gateway.retry.reason': 'server-error',
      'error.type': 'timeout',
    });
    for (const [index, { headers }] of [first, second].entries()) {
      const { spanId } = spans()[index]?.spanContext() ?? {};
      expect(headers).toEqual({
        traceparent: `00-${traceId}-${spanId}-01`,
        tracestate: caller.tracestate,
      });
    }
  });

  it('says nothing in its own spans that the redaction would have to take out', () => {
    const { startTrail, spans } = recordingTrails();
    const trail = startTrail(request);
    trail.startToken('on-behalf-of')('throttled');
    trail
      .startAttempt({ ...attempt, attempt: 3, repeatReason: 'not-connected' })
      .end({ status: 404, graphRequestId: 'graph-1', graphClientRequestId: 'request-1' });
    trail.noteOperation('mutation', 'Add');
    trail.noteErrors(['OUTCOME_UNKNOWN']);
    trail.end({ ...end, status: 500 });
    for (const span of spans()) {
      const { name, attributes } = redactSpan(span);
      expect({ name, attributes }).toEqual({ name: span.name, attributes: span.attributes });
    }
    expect(spans()).toHaveLength(3);
  });

  it.each<[string, number | undefined, readonly string[], string | undefined, SpanStatusCode]>([
    ['an answer', 200, [], undefined, SpanStatusCode.UNSET],
    ['a refused caller', 401, ['UNAUTHENTICATED'], 'UNAUTHENTICATED', SpanStatusCode.UNSET],
    ['an outage', 503, ['UPSTREAM_UNAVAILABLE'], 'UPSTREAM_UNAVAILABLE', SpanStatusCode.ERROR],
    ['a fault of HTTP', 400, [], undefined, SpanStatusCode.UNSET],
    ['a bug without a code', 500, [], '500', SpanStatusCode.ERROR],
    ['a caller that left', undefined, ['UPSTREAM_TIMEOUT'], 'callerLeft', SpanStatusCode.UNSET],
  ])('calls %s by its name', (_what, status, codes, errorType, spanStatus) => {
    const { startTrail, spans } = recordingTrails();
    const trail = startTrail(request);
    trail.noteErrors(codes);
    trail.end({ route: '/graphql', status });
    expect(spans()[0]?.attributes['error.type']).toBe(errorType);
    expect(spans()[0]?.status.code).toBe(spanStatus);
    expect(spans()[0]?.name).toBe('POST /graphql');
  });

  it('begins a trace of its own where the caller sent no context, and tells it to the caller', () => {
    const { startTrail, spans } = recordingTrails();
    const trail = startTrail({ ...request, caller: undefined });
    trail.end(end);
    const own = spans()[0]?.spanContext();
    expect(spans()[0]?.parentSpanContext).toBeUndefined();
    expect(trail.traceId).toBe(own?.traceId);
    expect(trail.traceparent).toBe(`00-${own?.traceId}-${own?.spanId}-01`);
  });

  it('tells Graph too that a trace is not recorded, and logs its id all the same', () => {
    const { startTrail, spans } = recordingTrails(new AlwaysOffSampler());
    const trail = startTrail(request);
    const { headers } = trail.startAttempt(attempt);
    trail.end(end);
    expect(headers['traceparent']).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
    expect(trail.traceId).toBe(traceId);
    expect(spans()).toEqual([]);
  });

  it.each([
    ['token', undefined, SpanStatusCode.UNSET],
    ['refused', 'refused', SpanStatusCode.ERROR],
  ])('makes a span of a token that is got, ending in %s', (outcome, errorType, status) => {
    const { startTrail, spans } = recordingTrails();
    startTrail(request).startToken('client-credentials')(outcome);
    expect(spans()).toMatchObject([
      {
        name: 'acquire token',
        kind: SpanKind.CLIENT,
        status: { code: status },
        attributes: {
          'gateway.token.flow': 'client-credentials',
          'gateway.token.outcome': outcome,
        },
      },
    ]);
    expect(spans()[0]?.attributes['error.type']).toBe(errorType);
  });

  it('has one name for all methods that callers make up', () => {
    const { startTrail, spans } = recordingTrails();
    startTrail({ ...request, method: 'M-SEARCH' }).end(end);
    expect(spans()[0]?.name).toBe('_OTHER /graphql');
  });
});
