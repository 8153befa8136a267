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
    message: isClientFault
      ? 'The request cannot be read.'
      : 'Something went wrong inside the gateway.',
  };
  return {
    status: known || isClientFault ? status : 500,
    body: { errors: [{ message, extensions: { code } }] },
  };
}
