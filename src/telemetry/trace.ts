import {
  type Context,
  context,
  createTraceState,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { errorTypeOf, isFault, knownMethodOf } from './metrics.ts';
import {
  type AttemptEnd,
  type AttemptStart,
  type AttemptTrace,
  type CallerTrace,
  LogTrace,
  type RequestEnd,
  type RequestStart,
  type StartTrace,
  startLogTrace,
} from './requestTrace.ts';

/** Makes traces over the tracer that there is when a request begins; spans are made only then. */
export function createStartTrace(tracerOf: () => Tracer | undefined): StartTrace {
  return (start) => {
    const tracer = tracerOf();
    return tracer === undefined ? startLogTrace(start) : startSpanTrace(tracer, start);
  };
}

function startSpanTrace(tracer: Tracer, start: RequestStart): SpanTrace {
  const method = knownMethodOf(start.method);
  const parent = parentContextOf(start.caller);
  const span = tracer.startSpan(method, { kind: SpanKind.SERVER }, parent);
  return new SpanTrace(tracer, start, method, span, trace.setSpan(parent, span));
}

class SpanTrace extends LogTrace {
  readonly #tracer: Tracer;
  readonly #method: string;
  readonly #requestId: string;
  readonly #span: Span;
  readonly #context: Context;

  constructor(tracer: Tracer, start: RequestStart, method: string, span: Span, context: Context) {
    const own = span.spanContext();
    super(
      isSpanContextValid(own) ? own.traceId : undefined,
      start.caller?.traceparent ?? traceHeadersOf(own)['traceparent'],
    );
    this.#tracer = tracer;
    this.#method = method;
    this.#requestId = start.requestId;
    this.#span = span;
    this.#context = context;
  }

  override startAttempt(start: AttemptStart): AttemptTrace {
    const { method, route, operation, attempt, repeatReason } = start;
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
      end: (end) => this.#endAttempt(span, start, end),
    };
  }

  override startToken(flow: string): (outcome: string) => void {
    const options = { kind: SpanKind.CLIENT, attributes: { 'gateway.token.flow': flow } };
    const span = this.#tracer.startSpan('acquire token', options, this.#context);
    return (outcome) => {
      span.setAttribute('gateway.token.outcome', outcome);
      endSpan(span, outcome === 'token' ? undefined : outcome);
    };
  }

  override end({ route, status }: RequestEnd): void {
    const method = this.#method;
    const { operationType, operationName, codes } = this;
    this.#span.updateName(operationType ?? `${method} ${route}`);
    if (this.#span.isRecording()) {
      this.#span.setAttributes({
        'http.request.method': method,
        'http.route': route,
        'gateway.request_id': this.#requestId,
        ...(status !== undefined && { 'http.response.status_code': status }),
        ...(operationType !== undefined && { 'graphql.operation.type': operationType }),
        ...(operationName !== undefined && { 'graphql.operation.name': operationName }),
        ...(codes.length > 0 && { 'gateway.error.codes': [...codes] }),
      });
    }
    endSpan(this.#span, errorTypeOf(status, codes), isFault(status, codes));
  }

  #endAttempt(span: Span, start: AttemptStart, end: AttemptEnd): void {
    this.noteAttempt(start, end);
    const { status, graphRequestId, graphClientRequestId, errorType } = end;
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

/**
 * The context that a request's span begins in: the caller's. Where the program around the gateway has a span of its own
 * for the same request, that one.
 */
function parentContextOf(caller: CallerTrace | undefined): Context {
  const active = context.active();
  const around = trace.getSpanContext(active);
  const remote = caller && readSpanContext(caller);
  const isOfSameTrace = remote === undefined || around?.traceId === remote.traceId;
  if (around !== undefined && isOfSameTrace) {
    return active;
  }
  return remote === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote);
}

/** A span context as W3C's headers; none if it is not valid. */
function traceHeadersOf(spanContext: SpanContext): Readonly<Record<string, string>> {
  if (!isSpanContextValid(spanContext)) {
    return {};
  }
  const { traceId, spanId, traceFlags, traceState } = spanContext;
  const flags = traceFlags.toString(16).padStart(2, '0');
  const tracestate = traceState?.serialize() ?? '';
  return {
    traceparent: `00-${traceId}-${spanId}-${flags}`,
    ...(tracestate !== '' && { tracestate }),
  };
}

function readSpanContext({ traceparent, tracestate }: CallerTrace): SpanContext {
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-');
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(tracestate !== undefined && { traceState: createTraceState(tracestate) }),
  };
}
