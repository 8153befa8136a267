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
