import type { Clock } from '../../shared/clock.ts';
import { isWrite } from '../operation.ts';
import type { GraphRequest, Policy } from '../request.ts';

const longestReadMs = 8_000;
const longestLookMs = 3_000;

/** Ends an attempt that has taken so long that the operation's remaining time is better used in another way. */
export function createAttemptLimit(clock: Clock): Policy {
  return async (request, next) => {
    const limitMs = attemptLimitMsOf(request, request.call.deadlineMs - clock.now());
    if (limitMs === undefined) {
      return next(request);
    }
    const limit = new AbortController();
    const stopTimer = clock.startTimer(limitMs, () => limit.abort());
    try {
      return await next({ ...request, attemptSignal: limit.signal });
    } finally {
      stopTimer();
    }
  };
}

/**
 * How long one attempt may take, in milliseconds: a read leaves time for a repeat, an add leaves time to look whether
 * it came to pass. Undefined where only the operation's own deadline counts.
 */
export function attemptLimitMsOf(
  { operation }: Pick<GraphRequest, 'operation'>,
  timeLeftMs: number,
): number | undefined {
  if (operation === 'add') {
    return timeLeftMs - Math.min(longestLookMs, timeLeftMs / 4);
  }
  return !isWrite(operation) && timeLeftMs > longestReadMs ? longestReadMs : undefined;
}
