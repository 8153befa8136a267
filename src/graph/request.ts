import type { EndSignal } from '../shared/abort.ts';
import type { Clock } from '../shared/clock.ts';
import type { Secret } from '../shared/secret.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import type { Trace } from '../telemetry/trace.ts';
import type { Refusal } from './errorBody.ts';
import type { Routes } from './routes.ts';
import type { GraphOperation, NewPartnerResource } from './types.ts';

/** Why an operation ended before its answer was there. */
export type EndReason = 'deadline' | 'callerLeft' | 'shutdown' | 'answered';

/** What belongs to one GraphQL operation and is the same for all calls of Graph that it causes. */
export interface GraphCall {
  /** Sent as `client-request-id`: one id from the caller's edge to Graph's own logs. */
  readonly requestId: string;
  /** A W3C trace context of the caller, passed on as it came. */
  readonly traceparent: string | undefined;
  /** Where the operation's attempts are noted; what travels to Graph is then the context of the attempt. */
  readonly trace?: Trace;
  readonly callerToken: Secret | undefined;
  /** In milliseconds since the epoch. */
  readonly deadlineMs: number;
  /**
   * Fires when the time is up, the caller's connection closes or the gateway stops, and once the operation is answered;
   * its reason is an `EndReason`.
   */
  readonly signal: EndSignal;
  /** The same, deaf to the caller's leaving: a write that was already sent is finished. */
  readonly writeSignal: EndSignal;
}

export interface GraphRequest {
  /** Stands in logs in place of the path, which can carry an id. */
  readonly operation: GraphOperation;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly call: GraphCall;
  /** How many requests Graph counts this as: the items of a batch; 1 if absent. */
  readonly cost?: number;
}

/** One attempt at a request. */
export interface GraphAttempt extends GraphRequest {
  /** From 1. */
  readonly number: number;
  /** Why there was another one before. */
  readonly repeatReason?: RepeatReason;
  /** Asks for a connection that no earlier request has used. */
  readonly onNewConnection?: boolean;
  /** Asks for a token that was not used before. */
  readonly withFreshToken?: boolean;
}

/** Why an attempt is followed by another. */
export type RepeatReason =
  | 'not-connected'
  | 'broken'
  | 'throttled'
  | 'unavailable'
  | 'server-error'
  | 'unauthorized';

export interface GraphResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** The body if it is JSON and was parsed already. */
  readonly json?: unknown;
  /** How many values the JSON has, or more. */
  readonly jsonValues?: number;
  /** What it says if it is no success, once that was read. */
  readonly refusal?: Refusal;
  /** Whether an earlier attempt of the same write may have been executed. */
  readonly isAfterDoubt?: boolean;
}

export type Send = (request: GraphRequest) => Promise<GraphResponse>;

/**
 * Carries one attempt to Graph and its answer back, as it came. The headers are all that go out; the signal fires when
 * the attempt has taken too long, while there may be time for another.
 */
export type Transport = (
  attempt: GraphAttempt,
  headers: GraphRequest['headers'],
  attemptSignal?: EndSignal,
) => Promise<GraphResponse>;

/** One header's text; of several lines with one name, the first. */
export function headerText(
  { headers }: Pick<GraphResponse, 'headers'>,
  name: string,
): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** A partner of Graph's answers, in the form that the client's reader gives it. */
export interface GraphRow {
  readonly id: string;
}

/** What the client is built over. */
export interface GraphClientParts<Row extends GraphRow = GraphRow> {
  readonly send: Send;
  readonly routes: Routes;
  readonly clock: Clock;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'outcomeUnknown'>;
  /** Checks a JSON value and makes a row of it, in one pass; gives a text that says what is wrong if it is none. */
  readonly readRow: (value: unknown) => Row | string;
  /** Told of each partner in Graph's answers. */
  readonly noteSeen: (partners: Iterable<GraphRow>) => void;
  /** Whether an answer to an add is about what was sent. */
  matchesSubmitted(sent: NewPartnerResource, answered: Row): boolean;
}
