import type { EndReason, GraphCall } from '../../src/graph/pipeline/pipeline.ts';
import { Secret } from '../../src/secret.ts';

/** A call with the means to end it. */
export interface TestCall extends GraphCall {
  end(reason: EndReason): void;
}

let serial = 0;

/** Makes the call of an operation of its own, for a caller with this token. */
export function createTestCall(token?: string): TestCall {
  const ended = new AbortController();
  serial += 1;
  return {
    requestId: `request-${serial}`,
    traceparent: undefined,
    callerToken: token === undefined ? undefined : new Secret(token),
    deadlineMs: Number.POSITIVE_INFINITY,
    signal: ended.signal,
    writeSignal: ended.signal,
    end: (reason) => ended.abort(reason),
  };
}
