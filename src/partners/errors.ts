import { GraphQLError } from 'graphql';

/** The stable codes of top-level errors. */
export type GatewayErrorCode =
  | 'BAD_USER_INPUT'
  | 'TOO_MANY_ROWS'
  | 'LIST_TOO_LARGE'
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
