import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import { redactSpan } from './redactSpan.ts';

/** Stands in front of another processor, which sees spans only once they are over, and redacted. */
export function createRedactingProcessor(next: SpanProcessor): SpanProcessor {
  return {
    onStart: () => undefined,
    onEnd: (span) => next.onEnd(redactSpan(span)),
    forceFlush: () => next.forceFlush(),
    shutdown: () => next.shutdown(),
  };
}
