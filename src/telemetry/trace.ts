import {
  type Attributes,
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
import type { LogFields } from './log.ts';
import { type AttemptMeasurement, errorTypeOf, knownMethodOf } from './metrics.ts';

/** An attempt to have a call of Graph answered, when it begins: no ids, no query. */
interface AttemptStart
  extends Pick<AttemptMeasurement, 'method' | 'route' | 'attempt' | 'repeatReason'> {
  readonly operation: string;
}

/** How an attempt ended. */
interface AttemptEnd extends Pick<AttemptMeasurement, 'durationMs' | 'status' | 'errorType'> {
  readonly graphRequestId?: string | undefined;
  readonly graphClientRequestId?: string | undefined;
}

type TraceHeaders = Readonly<Record<string, string>>;

interface AttemptTrace {
  /** The trace context to send along; empty if there is none. */
  readonly headers: TraceHeaders;
  end(end: AttemptEnd): void;
}

/** How a request ended. */
interface RequestEnd {
  readonly route: string;
  /** Undefined if the caller had left before the answer. */
  readonly status: number | undefined;
}

interface RequestStart {
  readonly method: string;
  readonly requestId: string;
  readonly caller: CallerTrace | undefined;
}

/** The caller's W3C trace context, its form checked. */
interface CallerTrace {
  readonly traceparent: string;
  readonly tracestate: string | undefined;
}

/** The trace of one request, from its head to the end of its answer: for its log line, and for spans if tracing is on. */
export type RequestTrace = Omit<LogTrace, never>;

/** What calls of Graph and of the authority use of it. */
export type Trace = Pick<LogTrace, 'traceId' | 'startAttempt' | 'startToken'>;

export type StartTrace = (start: RequestStart) => RequestTrace;

/** Names are the callers' own words: what is longer than anybody's operation is no name. */
const longestName = 64;
/** An operation over a long list has many attempts. */
const mostAttempts = 10;

/** What the log's line needs. Without a tracer it is all there is, and passes the caller's trace context on. */
class LogTrace {
  /** 32 hex digits; undefined if tracing is off and the caller sent no context. */
  readonly traceId: string | undefined;
  /** What goes back to the caller: its own context, else that of the span that stands for the request. */
  readonly traceparent: string | undefined;
  readonly #tracestate: string | undefined;
  operationType: string | undefined;
  operationName: string | undefined;
  /** Of the answer's errors, each once. */
  codes: readonly string[] = [];
  #attempts = 0;
  #retries = 0;
  #graphStatus: number | undefined;
  #graphOperations: string[] | undefined;
  #graphRequestIds: string[] | undefined;
  #graphDurationsMs: number[] | undefined;

  constructor(traceId: string | undefined, traceparent: string | undefined, tracestate?: string) {
    this.traceId = traceId;
    this.traceparent = traceparent;
    this.#tracestate = tracestate;
  }

  /** Says what the document asks for, once it was parsed; the name is noted if it is short. */
  noteOperation(type: string, name: string | undefined): void {
    this.operationType = type;
    this.operationName = (name?.length ?? 0) > longestName ? undefined : name;
  }

  noteErrors(codes: readonly string[]): void {
    if (codes.length > 0 || this.codes.length > 0) {
      this.codes = [...new Set(codes)];
    }
  }

  startAttempt(start: AttemptStart): AttemptTrace {
    return { headers: this.#stateHeaders(), end: (end) => this.noteAttempt(start, end) };
  }

  /** Notes a request for a token of the gateway's own; call the returned function with its outcome. */
  startToken(_flow: string): (outcome: string) => void {
    return () => undefined;
  }

  /** What the log's line says of it. */
  describe(): LogFields {
    return {
      traceId: this.traceId,
      operationType: this.operationType,
      operationName: this.operationName,
      codes: this.codes.length > 0 ? this.codes : undefined,
      graphStatus: this.#graphStatus,
      graphOperations: this.#graphOperations,
      graphRequestIds: this.#graphRequestIds,
      graphDurationsMs: this.#graphDurationsMs,
      graphAttempts: this.#attempts > mostAttempts ? this.#attempts : undefined,
      retries: this.#retries > 0 ? this.#retries : undefined,
    };
  }

  end(_end: RequestEnd): void {
    // There is nothing to end without a span.
  }

  /** Keeps of an attempt that is over what the line says: of the first ten operation, time and id, of the last the status. */
  protected noteAttempt({ operation, attempt }: AttemptStart, end: AttemptEnd): void {
    const { status, graphRequestId, durationMs } = end;
    this.#graphStatus = status;
    this.#attempts += 1;
    this.#retries += attempt > 1 ? 1 : 0;
    if (this.#attempts <= mostAttempts) {
      this.#graphOperations ??= [];
      this.#graphOperations.push(operation);
      this.#graphDurationsMs ??= [];
      this.#graphDurationsMs.push(durationMs);
      if (graphRequestId !== undefined) {
        this.#graphRequestIds ??= [];
        this.#graphRequestIds.push(graphRequestId);
      }
    }
  }

  /** The caller's `traceparent` goes along anyway; its state is written as a tracer writes it. */
  #stateHeaders(): TraceHeaders {
    const state = this.#tracestate && createTraceState(this.#tracestate).serialize();
    return state ? { tracestate: state } : noHeaders;
  }
}

const noHeaders: TraceHeaders = Object.freeze({});

/** Starts a request's trace when tracing is off; the log and Graph still get the caller's trace context. */
export function startLogTrace({ caller }: Pick<RequestStart, 'caller'>): RequestTrace {
  const traceparent = caller?.traceparent;
  return new LogTrace(traceparent?.split('-')[1], traceparent, caller?.tracestate);
}

/** Makes traces over the tracer that there is when a request begins; spans are made only then. */
export function createStartTrace(tracerOf: () => Tracer | undefined): StartTrace {
  return (start) => {
    const tracer = tracerOf();
    return tracer === undefined ? startLogTrace(start) : new SpanTrace(tracer, start);
  };
}

class SpanTrace extends LogTrace {
  readonly #tracer: Tracer;
  readonly #method: string;
  readonly #requestId: string;
  readonly #span: Span;
  readonly #context: Context;

  constructor(tracer: Tracer, { method: sent, requestId, caller }: RequestStart) {
    const method = knownMethodOf(sent);
    const parent = parentContextOf(caller);
    const span = tracer.startSpan(method, { kind: SpanKind.SERVER }, parent);
    const own = span.spanContext();
    super(
      isSpanContextValid(own) ? own.traceId : undefined,
      caller?.traceparent ?? traceHeadersOf(own)['traceparent'],
    );
    this.#tracer = tracer;
    this.#method = method;
    this.#requestId = requestId;
    this.#span = span;
    this.#context = trace.setSpan(parent, span);
  }

  override startAttempt(start: AttemptStart): AttemptTrace {
    const { method, route, operation, attempt, repeatReason } = start;
    const span = this.#startSpan(`${method} ${route}`);
    if (span.isRecording()) {
      span.setAttributes({
        'http.request.method': method,
        'url.template': route,
        'gateway.graph.operation': operation,
        'http.request.resend_count': attempt > 1 ? attempt - 1 : undefined,
        'gateway.retry.reason': repeatReason,
      });
    }
    return {
      headers: traceHeadersOf(span.spanContext()),
      end: (end) => this.#endAttempt(span, start, end),
    };
  }

  override startToken(flow: string): (outcome: string) => void {
    const span = this.#startSpan('acquire token', { 'gateway.token.flow': flow });
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
        'http.response.status_code': status,
        'graphql.operation.type': operationType,
        'graphql.operation.name': operationName,
        'gateway.error.codes': codes.length > 0 ? [...codes] : undefined,
      });
    }
    endSpan(this.#span, errorTypeOf(status, codes), isFault(status, codes));
  }

  #startSpan(name: string, attributes: Attributes = {}): Span {
    return this.#tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, this.#context);
  }

  #endAttempt(span: Span, start: AttemptStart, end: AttemptEnd): void {
    this.noteAttempt(start, end);
    const { status, graphRequestId, graphClientRequestId, errorType } = end;
    if (span.isRecording()) {
      span.setAttributes({
        'http.response.status_code': status,
        'gateway.graph.request_id': graphRequestId,
        'gateway.graph.client_request_id': graphClientRequestId,
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
function traceHeadersOf(spanContext: SpanContext): TraceHeaders {
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

const faults: ReadonlySet<string> = new Set([
  'INTERNAL_SERVER_ERROR',
  'OUTCOME_UNKNOWN',
  'OVERLOADED',
  'UPSTREAM_BAD_RESPONSE',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_UNAVAILABLE',
]);

/**
 * Whether a request failed through no doing of its caller. The codes decide, because an executed operation is 200
 * whatever failed in it.
 */
function isFault(status: number | undefined, codes: readonly string[]): boolean {
  return status !== undefined && (status >= 500 || codes.some((code) => faults.has(code)));
}
