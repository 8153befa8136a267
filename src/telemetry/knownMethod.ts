const known: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
]);

/** The method as metrics and spans may show it: what callers make up is all one. */
export function knownMethodOf(method: string): string {
  return known.has(method) ? method : '_OTHER';
}
