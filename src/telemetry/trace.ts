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
  /** Where an answer came. */
  readonly status?: number | undefined;
  readonly graphRequestId?: string | undefined;
  readonly graphClientRequestId?: string | undefined;
  /** Where none came: the gateway's code for it. */
  readonly errorType?: string | undefined;
}

export interface AttemptTrail {
  /** The trace context to send along; empty where there is none. */
  readonly headers: Readonly<Record<string, string>>;
  end(end: AttemptEnd): void;
}

/** What is noted of an operation on its way: for its log line, and as spans where somebody traces. */
export interface Trail {
  /** 32 hex digits; undefined where nobody traces and the caller sent no context. */
  readonly traceId: string | undefined;
  startAttempt(start: AttemptStart): AttemptTrail;
  /** Notes that a token of the gateway's own is got; the returned function is told how that ended. */
  startToken(flow: string): (outcome: string) => void;
}

/** How a request ended. */
export interface RequestEnd {
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
  /** Says with which codes the answer's errors are told. */
  noteErrors(codes: readonly string[]): void;
  /** Those codes, each once. */
  readonly codes: readonly string[];
  /** What the log's line says of it. */
  describe(): LogFields;
  end(end: RequestEnd): void;
}

export interface RequestStart {
  readonly method: string;
  readonly requestId: string;
  readonly caller: CallerTrace | undefined;
}

export type StartTrail = (start: RequestStart) => RequestTrail;
