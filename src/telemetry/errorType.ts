/**
 * Says in a word why a request failed, as metrics and spans sort it; undefined if it did not. A status is undefined if the
 * caller left before its answer.
 */
export function errorTypeOf(
  status: number | undefined,
  codes: readonly string[],
): string | undefined {
  if (status === undefined) {
    return 'callerLeft';
  }
  return codes[0] ?? (status >= 500 ? String(status) : undefined);
}

const faults: ReadonlySet<string> = new Set([
  'INTERNAL_SERVER_ERROR',
  'OUTCOME_UNKNOWN',
  'OVERLOADED',
  'UPSTREAM_BAD_RESPONSE',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_UNAVAILABLE',
]);

/**
 * Whether a request failed through no doing of its caller. The codes decide, because an executed operation is 200
 * whatever failed in it.
 */
export function isFault(status: number | undefined, codes: readonly string[]): boolean {
  return status !== undefined && (status >= 500 || codes.some((code) => faults.has(code)));
}
