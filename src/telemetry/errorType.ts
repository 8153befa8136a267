/**
 * Says in a word why a request failed, as metrics and spans sort it; undefined where it did not. A status is undefined
 * where the caller had left before its answer.
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
