import {
  CombinedGraphQLErrors,
  LinkError,
  ServerError,
  ServerParseError,
} from '@apollo/client/errors';

/** What went wrong, and what a user interface should do about it. */
export interface Failure {
  /** The gateway's `extensions.code`, or a code of this file where no GraphQL answer came. */
  readonly code: string;
  readonly message: string;
  readonly advice: string;
  /** In how many seconds it makes sense to ask again, where the gateway knows. */
  readonly retryAfterSeconds?: number;
}

/** What to do for each code of the gateway: most of them mean that a retry at once is of no use. */
const advices: Readonly<Record<string, string>> = {
  BAD_USER_INPUT: 'fix the arguments; nothing was sent to Microsoft Graph',
  GRAPHQL_VALIDATION_FAILED: 'fix the operation; it does not fit the schema',
  UNAUTHENTICATED: 'sign in again, with the claims in `extensions.claims` where there are any',
  FORBIDDEN: 'ask an administrator for one of `extensions.requiredScopes` or an Intune role',
  APPROVAL_REQUIRED: 'let another administrator approve the change in Intune, then send it again',
  TENANT_NOT_LICENSED: 'say that Intune is not available here; a retry is useless',
  THROTTLED: 'wait as long as `extensions.retryAfterSeconds` says, then ask again',
  OVERLOADED: 'wait as long as `extensions.retryAfterSeconds` says, then ask again',
  TOO_MANY_ROWS: 'ask without filter, order and count, page by page',
  LIST_TOO_LARGE: 'ask without filter, order and count, page by page',
  TOO_MANY_NAMES: 'show ids in place of the missing names, or ask for smaller pages',
  UPSTREAM_UNAVAILABLE: 'ask again later; nothing was written',
  UPSTREAM_TIMEOUT: 'ask again later; nothing was written',
  UPSTREAM_BAD_RESPONSE: 'ask again later; nothing was written',
  OUTCOME_UNKNOWN: 'look whether the change is there BEFORE anything is sent again',
  INTERNAL_SERVER_ERROR: 'report `extensions.requestId` to the operator of the gateway',
};

/** Reads whatever Apollo Client throws. Problems that users can fix are no errors: they come as `userErrors`. */
export function failureOf(error: unknown): Failure {
  if (CombinedGraphQLErrors.is(error)) {
    const { message = '', extensions = {} } = error.errors[0] ?? {};
    const code = String(extensions['code'] ?? 'NO_CODE');
    const seconds: unknown = extensions['retryAfterSeconds'];
    return {
      code,
      message,
      advice: advices[code] ?? 'show the message; this code is not known here',
      ...(typeof seconds === 'number' ? { retryAfterSeconds: seconds } : {}),
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (ServerError.is(error) || ServerParseError.is(error)) {
    return { code: `HTTP_${error.statusCode}`, message, advice: 'look what stands in between' };
  }
  return LinkError.is(error)
    ? { code: 'UNREACHABLE', message, advice: 'look at the address and the network' }
    : { code: 'UNEXPECTED', message, advice: 'look for a mistake in this program' };
}
