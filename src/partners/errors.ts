import { GraphQLError } from 'graphql';
import { type GraphError, type GraphErrorCode, isGraphError } from '../graph/errors.ts';

/** The stable codes of top-level errors. */
export type GatewayErrorCode =
  | 'BAD_USER_INPUT'
  | 'TOO_MANY_ROWS'
  | 'LIST_TOO_LARGE'
  | 'TOO_MANY_NAMES'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'APPROVAL_REQUIRED'
  | 'TENANT_NOT_LICENSED'
  | 'THROTTLED'
  | 'OVERLOADED'
  | 'UPSTREAM_TIMEOUT'
  /** Read by the log; the caller has gone. */
  | 'CALLER_LEFT'
  | 'UPSTREAM_UNAVAILABLE'
  | 'UPSTREAM_BAD_RESPONSE'
  | 'OUTCOME_UNKNOWN';

/** An error that the caller may see as it is. Every other error that a resolver throws is masked. */
export class GatewayError extends GraphQLError {
  override readonly name = 'GatewayError';

  constructor(
    code: GatewayErrorCode,
    message: string,
    extensions: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super(message, { extensions: { code, ...extensions } });
    if (cause !== undefined) {
      Object.defineProperty(this, 'cause', { value: cause });
    }
  }
}

/** The one translation of a failed call of Graph into a top-level error; gives anything else back as it came. */
export function toGatewayError(error: unknown): unknown {
  if (!isGraphError(error)) {
    return error;
  }
  if (error.mayHaveBeenApplied) {
    return new GatewayError(
      'OUTCOME_UNKNOWN',
      `${error.message} The change may have been made. Read the partner before you retry.`,
      {
        mayHaveBeenApplied: true,
        ...(error.details.answeredId !== undefined && { answeredId: error.details.answeredId }),
        ...graphExtensionOf(error),
      },
      error,
    );
  }
  const { claims, requiredScopes, lacking, retryAfterMs } = error.details;
  return new GatewayError(
    codeOf(error.code),
    error.message,
    {
      ...(claims !== undefined && { claims }),
      ...(requiredScopes !== undefined && { requiredScopes }),
      ...(lacking !== undefined && { lacking }),
      ...(retryAfterMs !== undefined && { retryAfterSeconds: Math.ceil(retryAfterMs / 1000) }),
      ...graphExtensionOf(error),
    },
    error,
  );
}

function codeOf(code: GraphErrorCode): GatewayErrorCode {
  switch (code) {
    case 'unauthenticated':
      return 'UNAUTHENTICATED';
    case 'forbidden':
      return 'FORBIDDEN';
    case 'approvalRequired':
      return 'APPROVAL_REQUIRED';
    case 'tenantNotLicensed':
      return 'TENANT_NOT_LICENSED';
    case 'throttled':
      return 'THROTTLED';
    case 'overloaded':
      return 'OVERLOADED';
    case 'timeout':
      return 'UPSTREAM_TIMEOUT';
    case 'callerLeft':
      return 'CALLER_LEFT';
    case 'unavailable':
      return 'UPSTREAM_UNAVAILABLE';
    case 'invalidRequest':
      return 'BAD_USER_INPUT';
    case 'notFound':
    case 'conflict':
    case 'badResponse':
      return 'UPSTREAM_BAD_RESPONSE';
  }
}

/** What Graph answered, if it did, in the form of an error's extensions. */
export function graphExtensionOf({
  details: { answer },
}: GraphError): Readonly<Record<string, unknown>> {
  if (answer === undefined) {
    return {};
  }
  const { status, code, requestId, clientRequestId, date } = answer;
  return {
    graph: {
      status,
      code: code ?? null,
      requestId: requestId ?? null,
      clientRequestId: clientRequestId ?? null,
      date: date ?? null,
    },
  };
}
