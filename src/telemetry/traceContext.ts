import {
  type Context,
  context,
  createTraceState,
  isSpanContextValid,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import type { CallerTrace } from './trace.ts';

/**
 * The context that a request's span begins in: the caller's. Where the program around the gateway has a span of its own
 * for the same request, that one.
 */
export function parentContextOf(caller: CallerTrace | undefined): Context {
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
export function traceHeadersOf(spanContext: SpanContext): Readonly<Record<string, string>> {
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
