import { readErrorBody } from '../../errorBody.ts';
import { jsonOf } from '../../json.ts';
import { type GraphResponse, headerText } from '../../request.ts';

const httpDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Reads a `Retry-After` header as milliseconds from now: seconds with or without decimals (Graph sends both) or an
 * HTTP date, one in the past counting as zero. Undefined where it is missing or makes no sense.
 */
export function parseRetryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}(\.\d+)?$/.test(text)) {
    return Math.ceil(Number(text) * 1000);
  }
  if (httpDate.test(text)) {
    const atMs = Date.parse(text);
    return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
  }
  return undefined;
}

/** How long to hold back after a 429 that does not say; Graph often leaves it out. */
const assumedPauseMs = 1000;

/** How long a 429 asks to hold back, in milliseconds. */
export function throttlePauseMsOf(response: GraphResponse, nowMs: number): number {
  return retryAfterMsOf(response, nowMs) ?? assumedPauseMs;
}

/** When an answer asks to come back, in milliseconds from now: its header says so, or Intune's own error does. */
export function retryAfterMsOf(response: GraphResponse, nowMs: number): number | undefined {
  return (
    headerRetryAfterMs(response, nowMs) ??
    parseRetryAfterMs(readErrorBody(jsonOf(response))?.retryAfter, nowMs)
  );
}

/**
 * Whether Graph's front door turned the request away before anything was done with it: a 503 whose header says when to
 * come back. A word of Intune's behind the door does not count.
 */
export function wasTurnedAway(response: GraphResponse, nowMs: number): boolean {
  return response.status === 503 && headerRetryAfterMs(response, nowMs) !== undefined;
}

function headerRetryAfterMs(response: GraphResponse, nowMs: number): number | undefined {
  return parseRetryAfterMs(headerText(response, 'retry-after'), nowMs);
}
