import { createTraceState } from '@opentelemetry/api';
import type { LogFields } from './log.ts';

/** A caller's W3C trace context, its form checked. */
export interface CallerTrace {
  readonly traceparent: string;
  readonly tracestate: string | undefined;
}

/** An attempt to have a call of Graph answered: no ids, no query. */
export interface AttemptStart {
  readonly operation: string;
  readonly method: string;
  /** The path without version and id. */
  readonly route: string;
  readonly attempt: number;
  readonly repeatReason: string | undefined;
}

/** How an attempt ended. */
export interface AttemptEnd {
  readonly durationMs: number;
  /** Where an answer came. */
  readonly status?: number | undefined;
  readonly graphRequestId?: string | undefined;
  readonly graphClientRequestId?: string | undefined;
  /** Where none came: the gateway's code for it. */
  readonly errorType?: string | undefined;
}

export interface AttemptTrace {
  /** The trace context to send along; empty if there is none. */
  readonly headers: Readonly<Record<string, string>>;
  end(end: AttemptEnd): void;
}

/** How a request ended. */
export interface RequestEnd {
  readonly route: string;
  /** Undefined if the caller had left before the answer. */
  readonly status: number | undefined;
}

export interface RequestStart {
  readonly method: string;
  readonly requestId: string;
  readonly caller: CallerTrace | undefined;
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
export class LogTrace {
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
  #stateHeaders(): Readonly<Record<string, string>> {
    const state =
      this.#tracestate === undefined ? '' : createTraceState(this.#tracestate).serialize();
    return state === '' ? noHeaders : { tracestate: state };
  }
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze({});

/** Starts a request's trace when tracing is off; the log and Graph still get the caller's trace context. */
export function startLogTrace({ caller }: Pick<RequestStart, 'caller'>): RequestTrace {
  const traceparent = caller?.traceparent;
  return new LogTrace(traceparent?.split('-')[1], traceparent, caller?.tracestate);
}
