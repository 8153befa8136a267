import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';

/** What the HTTP answer says beside the body. */
interface HttpOutcome {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** The statuses of operations that are rejected before they are executed. */
const statusByCode: Readonly<Record<string, number>> = {
  BAD_USER_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  THROTTLED: 429,
  OVERLOADED: 503,
  UPSTREAM_UNAVAILABLE: 503,
};

/**
 * Decides status and headers by the errors of a result. An executed operation is 200, whatever failed in it: routers
 * repeat a 5xx and drop the body of a 4xx. All root fields are nullable, so `data` is null only if the operation failed
 * before the first field. Undefined if nothing is to be said beside what Apollo says.
 */
export function decideHttpOutcome({
  data,
  errors = [],
}: FormattedExecutionResult): HttpOutcome | undefined {
  if (data == null) {
    const [error] = errors;
    const status = statusByCode[String(error?.extensions?.['code'])];
    return error === undefined || status === undefined
      ? undefined
      : { status, headers: headersOf(status, error) };
  }
  const challenge = findChallenge(data, errors);
  // RFC 9110 allows the header with any status: other credentials would change the answer.
  return (
    challenge && { status: 200, headers: { 'www-authenticate': challengeOf(challenge.extensions) } }
  );
}

/** The first error of an operation in which every root field failed for want of other credentials. */
function findChallenge(
  data: Readonly<Record<string, unknown>>,
  errors: readonly GraphQLFormattedError[],
): GraphQLFormattedError | undefined {
  const refused = errors.filter(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED');
  const failed = new Set(refused.map(({ path }) => path?.[0]));
  // A text at the root can only be a `__typename`, which is known without doing anything.
  const done = Object.entries(data).filter(([, value]) => typeof value !== 'string');
  return done.every(([key, value]) => value === null && failed.has(key)) ? refused[0] : undefined;
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
  // Graph's answer stands beside the error only if a token was sent and rejected; so does a reason of our own.
  const reason = extensions?.['reason'];
  const wasRefused =
    reason === undefined ? extensions?.['graph'] !== undefined : reason !== 'token-missing';
  return wasRefused ? 'Bearer error="invalid_token"' : 'Bearer';
}

/**
 * Whether a caller speaks the older of the two media types only. GraphQL over HTTP wants 200 for its requests that
 * cannot be executed, because an `application/json` with another status may come from anybody on the way.
 */
export function isLegacyAccept(accept: string | undefined): boolean {
  const names = (accept ?? '').split(',').map((range) => range.split(';', 1)[0]?.trim());
  const has = (type: string) => names.some((name) => name?.toLowerCase() === type);
  return has('application/json') && !has('application/graphql-response+json');
}
