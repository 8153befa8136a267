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
import type { LogFields } from './log.ts';
import { errorTypeOf, isFault, knownMethodOf } from './metrics.ts';

/** A caller's W3C trace context, its form checked. */
export interface CallerTrace {
  readonly traceparent: string;
  readonly tracestate: string | undefined;
}

/** An attempt to have a call of Graph answered: no ids, no query. */
interface AttemptStart {
  readonly operation: string;
  readonly method: string;
  /** The path without version and id. */
  readonly route: string;
  readonly attempt: number;
  readonly repeatReason: string | undefined;
}

/** How an attempt ended. */
interface AttemptEnd {
  /** Where an answer came. */
  readonly status?: number | undefined;
  readonly graphRequestId?: string | undefined;
  readonly graphClientRequestId?: string | undefined;
  /** Where none came: the gateway's code for it. */
  readonly errorType?: string | undefined;
}

interface AttemptTrail {
  /** The trace context to send along; empty where there is none. */
  readonly headers: Readonly<Record<string, string>>;
  end(end: AttemptEnd): void;
}

/** What is noted of an operation on its way: for its log line, and as spans if tracing is on. */
export interface Trail {
  /** 32 hex digits; undefined if tracing is off and the caller sent no context. */
  readonly traceId: string | undefined;
  startAttempt(start: AttemptStart): AttemptTrail;
  /** Notes that a token of the gateway's own is got; the returned function takes how that ended. */
  startToken(flow: string): (outcome: string) => void;
}

/** How a request ended. */
interface RequestEnd {
  readonly route: string;
  /** Undefined where the caller had left before the answer. */
  readonly status: number | undefined;
}

/** The trail of one request, from its head to the end of its answer. */
export interface RequestTrail extends Trail {
  /** What goes back to the caller: its own context, else that of the span that stands for the request. */
  readonly traceparent: string | undefined;
  /** Says what the document asks for, once it was parsed; the name is noted where it is short. */
  noteOperation(type: string, name: string | undefined): void;
  /** Notes the codes of the answer's errors. */
  noteErrors(codes: readonly string[]): void;
  /** Those codes, each once. */
  readonly codes: readonly string[];
  /** What the log's line says of it. */
  describe(): LogFields;
  end(end: RequestEnd): void;
}

interface RequestStart {
  readonly method: string;
  readonly requestId: string;
  readonly caller: CallerTrace | undefined;
}

export type StartTrail = (start: RequestStart) => RequestTrail;

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

/** A span context as W3C's headers; none where it is not valid. */
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
