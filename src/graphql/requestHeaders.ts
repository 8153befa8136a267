import type { CallerTrace } from '../telemetry/trace.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Gives the id by which a request is followed through caller, gateway and Graph: the caller's, where its form is
 * safe to repeat in headers and logs, else undefined.
 */
export function readClientRequestId(headers: Headers): string | undefined {
  const id = headers['client-request-id'];
  return typeof id === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(id) ? id : undefined;
}

/** Gives the caller's trace context (W3C, version 00, ids that are not all zero), else undefined. */
export function readTraceparent(headers: Headers): string | undefined {
  const text = headers['traceparent'];
  const form = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
  return typeof text === 'string' && form.test(text) ? text : undefined;
}

/** Gives the caller's trace context with its state, which is left to those who know its form; undefined without one. */
export function readCallerTrace(headers: Headers): CallerTrace | undefined {
  const traceparent = readTraceparent(headers);
  const state = headers['tracestate'];
  const tracestate = Array.isArray(state) ? state.join() : state;
  return traceparent === undefined ? undefined : { traceparent, tracestate };
}
