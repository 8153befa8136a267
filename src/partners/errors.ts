import { GraphQLError } from 'graphql';
import { type GraphError, type GraphErrorCode, isGraphError } from '../graph/errors.ts';

/** The stable codes of top-level errors. */
type GatewayErrorCode =
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

const codes: Readonly<Record<GraphErrorCode, GatewayErrorCode>> = {
  unauthenticated: 'UNAUTHENTICATED',
  forbidden: 'FORBIDDEN',
  approvalRequired: 'APPROVAL_REQUIRED',
  tenantNotLicensed: 'TENANT_NOT_LICENSED',
  throttled: 'THROTTLED',
  overloaded: 'OVERLOADED',
  timeout: 'UPSTREAM_TIMEOUT',
  callerLeft: 'CALLER_LEFT',
  unavailable: 'UPSTREAM_UNAVAILABLE',
  invalidRequest: 'BAD_USER_INPUT',
  notFound: 'UPSTREAM_BAD_RESPONSE',
  conflict: 'UPSTREAM_BAD_RESPONSE',
  badResponse: 'UPSTREAM_BAD_RESPONSE',
};

/** Gives what a resolver throws for an error that it caught; leaves alone all that is not Graph's. */
export function toGatewayError(error: unknown): unknown {
  return isGraphError(error) ? gatewayErrorOf(error) : error;
}

/** The one translation of a failed call of Graph into a top-level error. */
export function gatewayErrorOf(error: GraphError): GatewayError {
  const { answeredId, claims, requiredScopes, lacking, retryAfterMs, answer } = error.details;
  const graph = answer && {
    status: answer.status,
    code: answer.code ?? null,
    requestId: answer.requestId ?? null,
    clientRequestId: answer.clientRequestId ?? null,
    date: answer.date ?? null,
  };
  if (error.mayHaveBeenApplied) {
    return new GatewayError(
      'OUTCOME_UNKNOWN',
      `${error.message} The change may have been made. Read the partner before you retry.`,
      {
        mayHaveBeenApplied: true,
        ...(answeredId !== undefined && { answeredId }),
        ...(graph && { graph }),
      },
      error,
    );
  }
  return new GatewayError(
    codes[error.code],
    error.message,
    {
      ...(claims !== undefined && { claims }),
      ...(requiredScopes !== undefined && { requiredScopes }),
      ...(lacking !== undefined && { lacking }),
      ...(retryAfterMs !== undefined && { retryAfterSeconds: Math.ceil(retryAfterMs / 1000) }),
      ...(graph && { graph }),
    },
    error,
  );
}
