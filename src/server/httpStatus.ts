import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';

/** What the HTTP answer says beside the body. */
export interface HttpOutcome {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

const statusByCode: Readonly<Record<string, number>> = {
  BAD_USER_INPUT: 400,
  TOO_MANY_ROWS: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  TENANT_NOT_LICENSED: 403,
  THROTTLED: 429,
  OVERLOADED: 503,
  UPSTREAM_UNAVAILABLE: 503,
  UPSTREAM_TIMEOUT: 504,
  UPSTREAM_BAD_RESPONSE: 502,
  // Not 502 to 504: those invite proxies and clients to repeat, which is the one thing not to do.
  OUTCOME_UNKNOWN: 500,
  INTERNAL_SERVER_ERROR: 500,
};

/**
 * Decides status and headers if nothing of an operation succeeded: each root field is null with an error of its own, or
 * all of it failed before the first field. Undefined if something did, and for errors of Apollo's, which decides itself.
 */
export function decideHttpOutcome({
  data,
  errors = [],
}: FormattedExecutionResult): HttpOutcome | undefined {
  const speaker = findSpeaker(errors) ?? (data == null ? errors[0] : undefined);
  if (speaker === undefined || !hasFailed(data, errors)) {
    return undefined;
  }
  const status = statusByCode[String(speaker.extensions?.['code'])];
  return status === undefined ? undefined : { status, headers: headersOf(status, speaker) };
}

/**
 * Which error of several speaks for the operation: the first, but a doubt before all others, because what they say of
 * coming back would have a write repeated that may be done.
 */
function findSpeaker(errors: readonly GraphQLFormattedError[]): GraphQLFormattedError | undefined {
  const executed = errors.filter(({ path }) => path !== undefined);
  const doubt = executed.find(({ extensions }) => extensions?.['code'] === 'OUTCOME_UNKNOWN');
  return doubt ?? executed[0];
}

function hasFailed(
  data: FormattedExecutionResult['data'],
  errors: readonly GraphQLFormattedError[],
): boolean {
  const failed = new Set(errors.map(({ path }) => path?.[0]));
  // A text at the root can only be a `__typename`, which is known without doing anything.
  const done = Object.entries(data ?? {}).filter(([, value]) => typeof value !== 'string');
  return done.every(([key, value]) => value === null && failed.has(key));
}

function headersOf(
  status: number,
  { extensions }: GraphQLFormattedError,
): Readonly<Record<string, string>> {
  const retryAfter = extensions?.['retryAfterSeconds'];
  return {
    ...(typeof retryAfter === 'number' && { 'retry-after': String(retryAfter) }),
    ...(status === 401 && { 'www-authenticate': challengeOf(extensions) }),
  };
}

function challengeOf(extensions: GraphQLFormattedError['extensions']): string {
  const claims = extensions?.['claims'];
  if (typeof claims === 'string') {
    const encoded = Buffer.from(claims).toString('base64');
    return `Bearer error="insufficient_claims", claims="${encoded}"`;
  }
  // Graph's answer stands beside the error only where a token was sent and refused; so does a reason of our own.
  const reason = extensions?.['reason'];
  const wasRefused =
    reason === undefined ? extensions?.['graph'] !== undefined : reason !== 'token-missing';
  return wasRefused ? 'Bearer error="invalid_token"' : 'Bearer';
}
