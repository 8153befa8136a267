import type { Secret } from '../../secret.ts';
import type { GraphOperation } from '../operation.ts';

/** Why a call's signal fired. */
export type AbortReason = 'deadline' | 'callerLeft';

/** What belongs to one GraphQL operation and is the same for all calls of Graph that it causes. */
export interface GraphCall {
  /** Sent as `client-request-id`: one id from the caller's edge to Graph's own logs. */
  readonly requestId: string;
  /** A W3C trace context of the caller, passed on as it came. */
  readonly traceparent: string | undefined;
  /** The caller's own bearer token, if one came. */
  readonly callerToken: Secret | undefined;
  /** Fires when the operation's time is up: everything ends. */
  readonly deadline: AbortSignal;
  /** Fires when the caller's connection closes: reads end, a write that was already sent is finished. */
  readonly callerLeft: AbortSignal;
}

export interface GraphRequest {
  /** Stands in logs in place of the path, which can carry an id. */
  readonly operation: GraphOperation;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly call: GraphCall;
}

export interface GraphResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** The body where it came inside another JSON document and is parsed already. */
  readonly json?: unknown;
}

export type Send = (request: GraphRequest) => Promise<GraphResponse>;

/** One concern of sending, such as signing. It may change the request, look at the outcome, or do both. */
export type Policy = (request: GraphRequest, next: Send) => Promise<GraphResponse>;

/** Puts policies around a send, the first outermost. */
export function composePolicies(policies: readonly Policy[], send: Send): Send {
  return policies.reduceRight<Send>((next, policy) => (request) => policy(request, next), send);
}

/** One header's text; of several lines with one name, the first. */
export function headerText(response: GraphResponse, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
