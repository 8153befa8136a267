import {
  extensionsOf,
  type LimitName,
  type LimitViolation,
  limitCodes,
  messageOf,
} from './limits.ts';

/** A request that is rejected before it is an operation; thrown in many places, answered in one. */
export class RequestProblem extends Error {
  override readonly name: string = 'RequestProblem';
  readonly status: number;
  readonly body: ProblemBody;

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

/** When to come back after an overload. */
export const retryAfterSeconds = 1;

/** The rejection of a request that was not processed, because the gateway is overloaded. */
export function overloaded(): RequestProblem {
  return new RequestProblem(
    503,
    'OVERLOADED',
    'The gateway is overloaded. The request was not processed; retry later.',
    { retryAfterSeconds },
  );
}

/** A fault of HTTP itself, in the form of a GraphQL answer, so that every client can read it. */
export interface ProblemBody {
  readonly errors: readonly [
    {
      readonly message: string;
      readonly extensions: { readonly code: string; readonly [name: string]: unknown };
    },
  ];
}

const problems: Readonly<Record<number, { readonly code: string; readonly message: string }>> = {
  400: { code: 'BAD_REQUEST', message: 'Invalid JSON in the request body.' },
  404: { code: 'NOT_FOUND', message: 'There is nothing here; GraphQL is at /graphql.' },
  405: { code: 'METHOD_NOT_ALLOWED', message: 'Use POST, or GET for queries.' },
  408: { code: 'REQUEST_TIMEOUT', message: 'The request did not arrive in time.' },
  413: { code: 'REQUEST_TOO_LARGE', message: 'The request body is too large.' },
  414: {
    code: 'URI_TOO_LONG',
    message: 'The URI is longer than 16 KiB. Send the operation by POST.',
  },
  415: {
    code: 'UNSUPPORTED_MEDIA_TYPE',
    message: 'Send the request body as application/json in UTF-8.',
  },
  431: { code: 'HEADERS_TOO_LARGE', message: 'The headers are larger than 16 KiB.' },
};

/**
 * Gives status and body for an HTTP fault, in words of its own or the given ones; anything that is not the client's
 * doing is masked.
 */
export function problemOf(
  status: number,
  words?: string,
): { readonly status: number; readonly body: ProblemBody } {
  const known = problems[status] && { ...problems[status], ...(words && { message: words }) };
  const isClientFault = status >= 400 && status < 500;
  const { code, message } = known ?? {
    code: isClientFault ? 'BAD_REQUEST' : 'INTERNAL_SERVER_ERROR',
    message: isClientFault ? 'The request cannot be read.' : 'Internal error.',
  };
  return {
    status: known || isClientFault ? status : 500,
    body: { errors: [{ message, extensions: { code } }] },
  };
}

const sizes: ReadonlySet<LimitName> = new Set(['body-bytes', 'document-bytes']);

/** A request that is beyond a limit before it is an operation. */
export class LimitProblem extends RequestProblem {
  override readonly name = 'LimitProblem';
  readonly limit: LimitName;

  constructor(excess: LimitViolation) {
    const { limit } = excess;
    const status = sizes.has(limit) ? 413 : 400;
    super(status, limitCodes[limit], messageOf(excess), extensionsOf(excess));
    this.limit = limit;
  }
}
