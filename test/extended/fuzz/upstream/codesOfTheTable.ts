/** The codes by which an answer may say that Graph, the way to it or the token is at fault. */
export const codesOfTheTable: ReadonlySet<string> = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'APPROVAL_REQUIRED',
  'TENANT_NOT_LICENSED',
  'THROTTLED',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_BAD_RESPONSE',
  'OUTCOME_UNKNOWN',
  'OVERLOADED',
]);
