import { unwrapResolverError } from '@apollo/server/errors';
import { type FormattedExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Limits } from '../config/http.ts';
import { GatewayError } from '../partners/errors.ts';
import { isJsonObject } from '../shared/json.ts';
import { errorOf, excessOf, LimitError, type LimitViolation } from './limits.ts';

/** A request that is rejected before it is an operation; thrown in many places, answered in one. */
export class RequestProblem extends Error {
  override readonly name: string = 'RequestProblem';
  readonly status: number;
  /** In the form of a GraphQL answer, so that every client can read it. */
  readonly body: {
    readonly errors: readonly [
      {
        readonly message: string;
        readonly extensions: { readonly code: string; readonly [name: string]: unknown };
      },
    ];
  };

  constructor(
    status: number,
    code: string,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.status = status;
    this.body = { errors: [{ message, extensions: { ...details, code } }] };
  }
}

/** A request that is beyond a limit before it is an operation. */
export class LimitProblem extends RequestProblem {
  override readonly name = 'LimitProblem';
  readonly limit: LimitViolation['limit'];

  constructor(excess: LimitViolation) {
    const { message, extensions } = errorOf(excess);
    const status = /^(?:body|document)-bytes$/.test(excess.limit) ? 413 : 400;
    super(status, extensions.code, message, extensions);
    this.limit = excess.limit;
  }
}

/** When to come back after an overload. */
export const retryAfterSeconds = 1;

/** The rejection of a request that was not processed, because the gateway is overloaded. */
export function overloaded(): RequestProblem {
  const message = 'The gateway is overloaded. The request was not processed; retry later.';
  return new RequestProblem(503, 'OVERLOADED', message, { retryAfterSeconds });
}

const problems: Readonly<Record<number, readonly [code: string, message: string]>> = {
  400: ['BAD_REQUEST', 'Invalid JSON in the request body.'],
  404: ['NOT_FOUND', 'There is nothing here; GraphQL is at /graphql.'],
  405: ['METHOD_NOT_ALLOWED', 'Use POST, or GET for queries.'],
  408: ['REQUEST_TIMEOUT', 'The request did not arrive in time.'],
  414: ['URI_TOO_LONG', 'The URI is longer than 16 KiB. Send the operation by POST.'],
  415: ['UNSUPPORTED_MEDIA_TYPE', 'Send the request body as application/json in UTF-8.'],
  431: ['HEADERS_TOO_LARGE', 'The headers are larger than 16 KiB.'],
};

/**
 * Gives what answers an HTTP fault, in words of its own or the given ones; anything that is not the client's doing is
 * masked.
 */
export function problemOf(status: number, words?: string): RequestProblem {
  const [code, message] = problems[status] ?? [];
  if (code !== undefined && message !== undefined) {
    return new RequestProblem(status, code, words ?? message);
  }
  return status >= 400 && status < 500
    ? new RequestProblem(status, 'BAD_REQUEST', 'The request cannot be read.')
    : new RequestProblem(500, 'INTERNAL_SERVER_ERROR', 'Internal error.');
}

const introspectionOff =
  'Introspection is disabled, so __schema and __type are unavailable. Read the schema at /schema.graphql.';

/** graphql-js repeats in a message the value that is wrong, however long that is. */
const longestMessage = 1000;

/** Gives each error the form in which callers see it: masked where they must not, with the code of its limit. */
export function createErrorFormat(limits: Limits, introspection: boolean) {
  return (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
    const excess = excessOf(error, limits);
    if (excess !== undefined) {
      const { message, extensions } = errorOf(excess);
      return { message, ...(formatted.path && { path: formatted.path }), extensions };
    }
    const { message, ...rest } = withOwnWords(maskUnlessForCaller(formatted, error), error);
    const isShort = message.length <= longestMessage;
    const shown = { message: isShort ? message : `${message.slice(0, longestMessage)}…`, ...rest };
    if (introspection) {
      return shown;
    }
    return shown.extensions?.['validationErrorCode'] === 'INTROSPECTION_DISABLED'
      ? { ...shown, message: introspectionOff }
      : withoutSchemaHints(shown);
  };
}

/**
 * Lets through what is meant for the caller: the gateway's own errors, and those about the document and the
 * variables, which come before anything is executed. Everything else is masked, whatever its text.
 */
function maskUnlessForCaller(
  formatted: GraphQLFormattedError,
  error: unknown,
): GraphQLFormattedError {
  const { path, locations, extensions } = formatted;
  if (!isForCaller(formatted, error)) {
    return {
      message:
        'Internal error. The operators of the gateway can find the reason by the request id.',
      ...(locations !== undefined && { locations }),
      ...(path !== undefined && { path }),
      extensions: { code: 'INTERNAL_SERVER_ERROR' },
    };
  }
  const isWithoutCode = extensions?.['code'] === 'INTERNAL_SERVER_ERROR';
  return isWithoutCode
    ? { ...formatted, extensions: { ...extensions, code: 'BAD_USER_INPUT' } }
    : formatted;
}

/**
 * Whether an error may be shown as it is. One of the execution may be the document's or its variables' fault: a value that
 * validation has to let pass and that turns out to be none for its argument, such as a null in a variable with a default.
 * graphql-js tells which part of the document it means before it knows the field; nothing that a resolver throws does.
 */
export function isForCaller({ path, extensions }: GraphQLFormattedError, error: unknown): boolean {
  const thrown = unwrapResolverError(error);
  if (thrown instanceof GatewayError || thrown instanceof LimitError) {
    return true;
  }
  const isArgumentFault =
    thrown instanceof GraphQLError &&
    thrown.originalError === undefined &&
    thrown.nodes !== undefined;
  const isBeforeExecution = path === undefined && extensions?.['code'] !== 'INTERNAL_SERVER_ERROR';
  return isArgumentFault || isBeforeExecution;
}

/** What Apollo says if there is nothing to parse. Its words speak of persisted queries, which are not taken here. */
const ownWords: ReadonlyMap<string, string> = new Map([
  [
    'GraphQL operations must contain a non-empty `query` or a `persistedQuery` extension.',
    'The request has no document: "query" is missing or empty. Send an operation in it.',
  ],
  [
    'POST body missing, invalid Content-Type, or JSON object has no keys.',
    'The body must be a JSON object with a "query" string. Send an operation as its "query".',
  ],
]);

const csrf = 'This operation has been blocked as a potential Cross-Site Request Forgery';
const needsPreflight =
  'The request could come from a page of another site. Send the header "graphql-require-preflight: true", or a bearer ' +
  'token in "authorization".';

/** To Apollo each of its refusals is a `BAD_REQUEST`, whatever the status that goes with it. */
const codeByStatus: ReadonlyMap<unknown, string> = new Map([
  [405, 'METHOD_NOT_ALLOWED'],
  [415, 'UNSUPPORTED_MEDIA_TYPE'],
]);

/** Gives Apollo's refusal of a request this gateway's code and words; any other error comes back as it is. */
function withOwnWords(shown: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  if (!(error instanceof GraphQLError) || error.extensions['code'] !== 'BAD_REQUEST') {
    return shown;
  }
  const { http } = error.extensions;
  const code = codeByStatus.get(isJsonObject(http) ? http['status'] : undefined) ?? 'BAD_REQUEST';
  const message = error.message.startsWith(csrf)
    ? needsPreflight
    : (ownWords.get(error.message) ?? error.message);
  return { ...shown, message, extensions: { ...shown.extensions, code } };
}

/**
 * Takes out of an error what it tells of the schema beyond what the caller wrote: for gateways that hide it.
 * graphql-js can leave its suggestions out of validation, but Apollo has no way to ask for that when variables are
 * coerced.
 */
function withoutSchemaHints(error: GraphQLFormattedError): GraphQLFormattedError {
  const start = error.message.lastIndexOf(' Did you mean ');
  const isSuggested = start !== -1 && error.message.endsWith('?');
  return isSuggested ? { ...error, message: error.message.slice(0, start) } : error;
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
}: FormattedExecutionResult):
  | { readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | undefined {
  if (data == null) {
    const { extensions = {} } = errors[0] ?? {};
    const status = statusByCode[String(extensions['code'])];
    const retryAfter = extensions['retryAfterSeconds'];
    if (status === undefined) {
      return undefined;
    }
    const headers = {
      ...(typeof retryAfter === 'number' && { 'retry-after': String(retryAfter) }),
      ...(status === 401 && { 'www-authenticate': challengeOf(extensions) }),
    };
    return { status, headers };
  }
  // Other credentials would change the answer if every root field failed for want of them.
  const refused = errors.filter(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED');
  const failed = new Set(refused.map(({ path }) => path?.[0]));
  // A text at the root can only be a `__typename`, which is known without doing anything.
  const done = Object.entries(data).filter(([, value]) => typeof value !== 'string');
  const [challenge] = done.every(([key, value]) => value === null && failed.has(key))
    ? refused
    : [];
  // RFC 9110 allows the header with any status.
  return (
    challenge && { status: 200, headers: { 'www-authenticate': challengeOf(challenge.extensions) } }
  );
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
