import {
  type Context,
  isSpanContextValid,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { errorTypeOf, isFault } from './errorType.ts';
import { knownMethodOf } from './knownMethod.ts';
import type { LogFields } from './log.ts';
import type {
  AttemptEnd,
  AttemptStart,
  AttemptTrail,
  RequestEnd,
  RequestStart,
  RequestTrail,
  StartTrail,
} from './trace.ts';
import { parentContextOf, traceHeadersOf } from './traceContext.ts';

/** Names are the callers' own words: what is longer than anybody's operation is no name. */
const longestName = 64;
/** An operation over a long list has many. */
const mostIds = 10;

/** Makes trails over a tracer. One that records nothing passes the caller's context on, and logs get their fields. */
export function createStartTrail(tracer: Tracer): StartTrail {
  return (start) => new SpanTrail(tracer, start);
}

class SpanTrail implements RequestTrail {
  readonly traceId: string | undefined;
  readonly traceparent: string | undefined;
  readonly #tracer: Tracer;
  readonly #method: string;
  readonly #requestId: string;
  readonly #span: Span;
  readonly #context: Context;
  readonly #graphRequestIds: string[] = [];
  #operation: { readonly operationType?: string; readonly operationName?: string | undefined } = {};
  #codes: readonly string[] = [];
  #retries = 0;
  #graphStatus: number | undefined;

  constructor(tracer: Tracer, start: RequestStart) {
    const parent = parentContextOf(start.caller);
    this.#tracer = tracer;
    this.#method = knownMethodOf(start.method);
    this.#requestId = start.requestId;
    this.#span = tracer.startSpan(this.#method, { kind: SpanKind.SERVER }, parent);
    this.#context = trace.setSpan(parent, this.#span);
    const own = this.#span.spanContext();
    this.traceId = isSpanContextValid(own) ? own.traceId : undefined;
    this.traceparent = start.caller?.traceparent ?? traceHeadersOf(own)['traceparent'];
  }

  get codes(): readonly string[] {
    return this.#codes;
  }

  noteOperation(operationType: string, name: string | undefined): void {
    const operationName = (name?.length ?? 0) > longestName ? undefined : name;
    this.#operation = { operationType, operationName };
  }

  noteErrors(codes: readonly string[]): void {
    this.#codes = [...new Set(codes)];
  }

  startAttempt(start: AttemptStart): AttemptTrail {
    const { method, route, operation, attempt, repeatReason } = start;
    this.#retries += attempt > 1 ? 1 : 0;
    const span = this.#tracer.startSpan(
      `${method} ${route}`,
      { kind: SpanKind.CLIENT },
      this.#context,
    );
    if (span.isRecording()) {
      span.setAttributes({
        'http.request.method': method,
        'url.template': route,
        'gateway.graph.operation': operation,
        ...(attempt > 1 && { 'http.request.resend_count': attempt - 1 }),
        ...(repeatReason !== undefined && { 'gateway.retry.reason': repeatReason }),
      });
    }
    return {
      headers: traceHeadersOf(span.spanContext()),
      end: (end) => this.#endAttempt(span, end),
    };
  }

  startToken(flow: string): (outcome: string) => void {
    const options = { kind: SpanKind.CLIENT, attributes: { 'gateway.token.flow': flow } };
    const span = this.#tracer.startSpan('acquire token', options, this.#context);
    return (outcome) => {
      span.setAttribute('gateway.token.outcome', outcome);
      endSpan(span, outcome === 'token' ? undefined : outcome);
    };
  }

  describe(): LogFields {
    const ids = this.#graphRequestIds;
    return {
      traceId: this.traceId,
      ...this.#operation,
      codes: this.#codes.length > 0 ? this.#codes : undefined,
      graphStatus: this.#graphStatus,
      graphRequestIds: ids.length > 0 ? ids : undefined,
      retries: this.#retries > 0 ? this.#retries : undefined,
    };
  }

  end({ route, status }: RequestEnd): void {
    const method = this.#method;
    const { operationType, operationName } = this.#operation;
    this.#span.updateName(operationType ?? `${method} ${route}`);
    if (this.#span.isRecording()) {
      this.#span.setAttributes({
        'http.request.method': method,
        'http.route': route,
        'gateway.request_id': this.#requestId,
        ...(status !== undefined && { 'http.response.status_code': status }),
        ...(operationType !== undefined && { 'graphql.operation.type': operationType }),
        ...(operationName !== undefined && { 'graphql.operation.name': operationName }),
        ...(this.#codes.length > 0 && { 'gateway.error.codes': [...this.#codes] }),
      });
    }
    endSpan(this.#span, errorTypeOf(status, this.#codes), isFault(status, this.#codes));
  }

  #endAttempt(span: Span, end: AttemptEnd): void {
    const { status, graphRequestId, graphClientRequestId, errorType } = end;
    this.#graphStatus = status;
    if (graphRequestId !== undefined && this.#graphRequestIds.length < mostIds) {
      this.#graphRequestIds.push(graphRequestId);
    }
    if (span.isRecording()) {
      span.setAttributes({
        ...(status !== undefined && { 'http.response.status_code': status }),
        ...(graphRequestId !== undefined && { 'gateway.graph.request_id': graphRequestId }),
        ...(graphClientRequestId !== undefined && {
          'gateway.graph.client_request_id': graphClientRequestId,
        }),
      });
    }
    endSpan(span, errorType ?? (status !== undefined && status >= 400 ? `${status}` : undefined));
  }
}

/** Ends a span with what its failure is called; no text of an error goes with it. */
function endSpan(span: Span, errorType: string | undefined, isFailure = true): void {
  if (errorType !== undefined) {
    span.setAttribute('error.type', errorType);
    if (isFailure) {
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
  }
  span.end();
}
