import {
  type Attributes,
  type Context,
  context,
  createTraceState,
  isSpanContextValid,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { LogFields } from './log.ts';
import { errorTypeOf, knownMethodOf, type Measurements } from './metrics.ts';

type AttemptMeasurement = Parameters<Measurements['attempt']>[0];

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

interface AttemptTrace {
  /** The trace context to send along; empty if there is none. */
  readonly headers: Readonly<Record<string, string>>;
  end(end: AttemptEnd): void;
}

interface RequestStart {
  readonly method: string;
  readonly requestId: string;
  readonly caller: CallerTrace | undefined;
}

/** How a request ended. */
interface RequestEnd {
  readonly route: string;
  /** Undefined if the caller had left before the answer. */
  readonly status: number | undefined;
}

/** The caller's W3C trace context, its form checked. */
interface CallerTrace {
  readonly traceparent: string;
  readonly tracestate: string | undefined;
}

/** The trace of one request, from its head to the end of its answer: for its log line, and for spans. */
export type RequestTrace = Omit<SpanTrace, never>;

/** What calls of Graph and of the authority use of it. */
export type Trace = Pick<SpanTrace, 'traceId' | 'startAttempt' | 'startToken'>;

export type StartTrace = (start: RequestStart) => RequestTrace;

/** Makes traces over the tracer that there is when a request begins. */
export function createStartTrace(tracerOf: () => Tracer): StartTrace {
  return (start) => new SpanTrace(tracerOf(), start);
}

const noTracer = new ProxyTracerProvider().getTracer('');

/** Starts a trace without spans; the log and Graph still get the caller's trace context. */
export const startLogTrace = createStartTrace(() => noTracer);

/** Names are the callers' own words: what is longer than anybody's operation is no name. */
const longestName = 64;
/** An operation over a long list has many attempts. */
const mostAttempts = 10;

/** The spans of a tracer that records nothing have the caller's trace context, so that it is passed on. */
class SpanTrace {
  /** 32 hex digits; undefined if tracing is off and the caller sent no context. */
  readonly traceId: string | undefined;
  /** What goes back to the caller: its own context, else that of the span that stands for the request. */
  readonly traceparent: string | undefined;
  operationType: string | undefined;
  /** Of the answer's errors, each once. */
  codes: readonly string[] = [];
  #operationName: string | undefined;
  #attempts = 0;
  #retries = 0;
  #graphStatus: number | undefined;
  readonly #graphOperations: string[] = [];
  readonly #graphRequestIds: string[] = [];
  readonly #graphDurationsMs: number[] = [];
  readonly #tracer: Tracer;
  readonly #method: string;
  readonly #requestId: string;
  readonly #span: Span;
  readonly #context: Context;

  constructor(tracer: Tracer, { method, requestId, caller }: RequestStart) {
    const parent = parentContextOf(caller);
    this.#tracer = tracer;
    this.#method = knownMethodOf(method);
    this.#requestId = requestId;
    this.#span = tracer.startSpan(this.#method, { kind: SpanKind.SERVER }, parent);
    this.#context = trace.setSpan(parent, this.#span);
    const own = this.#span.spanContext();
    this.traceId = isSpanContextValid(own) ? own.traceId : undefined;
    this.traceparent = caller?.traceparent ?? traceHeadersOf(own)['traceparent'];
  }

  /** Says what the document asks for, once it was parsed; the name is noted if it is short. */
  noteOperation(type: string, name: string | undefined): void {
    this.operationType = type;
    this.#operationName = (name?.length ?? 0) > longestName ? undefined : name;
  }

  noteErrors(codes: readonly string[]): void {
    this.codes = [...new Set(codes)];
  }

  startAttempt(start: AttemptStart): AttemptTrace {
    const { method, route, operation, attempt, repeatReason } = start;
    const span = this.#startSpan(`${method} ${route}`, {
      'http.request.method': method,
      'url.template': route,
      'gateway.graph.operation': operation,
      'http.request.resend_count': attempt > 1 ? attempt - 1 : undefined,
      'gateway.retry.reason': repeatReason,
    });
    return {
      headers: traceHeadersOf(span.spanContext()),
      end: (end) => this.#endAttempt(span, start, end),
    };
  }

  /** Notes a request for a token of the gateway's own; call the returned function with its outcome. */
  startToken(flow: string): (outcome: string) => void {
    const span = this.#startSpan('acquire token', { 'gateway.token.flow': flow });
    return (outcome) => {
      span.setAttribute('gateway.token.outcome', outcome);
      endSpan(span, outcome === 'token' ? undefined : outcome);
    };
  }

  /** What the log's line says of it: of the first ten attempts operation, time and id, of the last the status. */
  describe(): LogFields {
    return {
      traceId: this.traceId,
      operationType: this.operationType,
      operationName: this.#operationName,
      codes: ifAny(this.codes),
      graphStatus: this.#graphStatus,
      graphOperations: ifAny(this.#graphOperations),
      graphRequestIds: ifAny(this.#graphRequestIds),
      graphDurationsMs: ifAny(this.#graphDurationsMs),
      graphAttempts: this.#attempts > mostAttempts ? this.#attempts : undefined,
      retries: this.#retries > 0 ? this.#retries : undefined,
    };
  }

  end({ route, status }: RequestEnd): void {
    const { operationType, codes } = this;
    this.#span.updateName(operationType ?? `${this.#method} ${route}`);
    if (this.#span.isRecording()) {
      this.#span.setAttributes({
        'http.request.method': this.#method,
        'http.route': route,
        'gateway.request_id': this.#requestId,
        'http.response.status_code': status,
        'graphql.operation.type': operationType,
        'graphql.operation.name': this.#operationName,
        'gateway.error.codes': ifAny([...codes]),
      });
    }
    endSpan(this.#span, errorTypeOf(status, codes), isFault(status, codes));
  }

  #startSpan(name: string, attributes: Attributes): Span {
    return this.#tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, this.#context);
  }

  #endAttempt(span: Span, { operation, attempt }: AttemptStart, end: AttemptEnd): void {
    const { status, graphRequestId, graphClientRequestId, errorType, durationMs } = end;
    this.#graphStatus = status;
    this.#attempts += 1;
    this.#retries += attempt > 1 ? 1 : 0;
    if (this.#attempts <= mostAttempts) {
      this.#graphOperations.push(operation);
      this.#graphDurationsMs.push(durationMs);
      if (graphRequestId !== undefined) {
        this.#graphRequestIds.push(graphRequestId);
      }
    }
    span.setAttributes({
      'http.response.status_code': status,
      'gateway.graph.request_id': graphRequestId,
      'gateway.graph.client_request_id': graphClientRequestId,
    });
    endSpan(span, errorType ?? (status !== undefined && status >= 400 ? `${status}` : undefined));
  }
}

function ifAny<Items extends readonly unknown[]>(items: Items): Items | undefined {
  return items.length > 0 ? items : undefined;
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
 * The context that a request's span begins in: the caller's. If the program around the gateway has a span of its own
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
