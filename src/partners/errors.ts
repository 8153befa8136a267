import { GraphQLError } from 'graphql';
import type { UserError, UserErrorCode } from '../generated/graphql.ts';
import type { GraphClient } from '../graph/client.ts';
import { type GraphError, type GraphErrorCode, isGraphError } from '../graph/errors.ts';
import type { GraphCall } from '../graph/request.ts';
import { locateInput } from './inputRules.ts';
import type { PartnerModel, Payload } from './model.ts';

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
    codes[error.code],
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

export const partnerNotFound: UserError = {
  code: 'NOT_FOUND',
  message: 'Microsoft Graph has no partner with this id.',
  field: ['input', 'id'],
};

interface RefusedChange {
  /** The body, in whose fields Graph's words are found. */
  readonly sent?: object | undefined;
  readonly field?: string[] | null | undefined;
  /** Of the partner that it collided with, if it is known. */
  readonly id: string | null | undefined;
  readonly context: {
    readonly graph: Pick<GraphClient<PartnerModel>, 'get'>;
    readonly call: GraphCall;
  };
}

/** What of Graph's refusals the user can fix. */
const userErrorCodes: Readonly<Partial<Record<GraphErrorCode, UserErrorCode>>> = {
  invalidRequest: 'BAD_USER_INPUT',
  notFound: 'NOT_FOUND',
  conflict: 'CONFLICT',
};

/** Gives the payload of a mutation that changed nothing. */
export function refused(userErrors: UserError[], partner: PartnerModel | null = null): Payload {
  return {
    complianceManagementPartner: partner,
    deletedComplianceManagementPartnerId: null,
    changed: false,
    userErrors,
  };
}

/**
 * Gives the payload of a mutation that Graph itself rejected. If Graph's words name no field of `sent`, `field` does.
 * After a conflict it has the partner with the id, read once; none if that read fails, which is logged: the conflict is
 * what the user has to know.
 * @throws GatewayError for a failure that the caller cannot fix.
 */
export async function refusedByGraph(
  error: unknown,
  { sent = {}, field = null, id, context: { graph, call } }: RefusedChange,
): Promise<Payload> {
  const code = isGraphError(error) && !error.mayHaveBeenApplied && userErrorCodes[error.code];
  if (!isGraphError(error) || !code) {
    throw toGatewayError(error);
  }
  if (code === 'NOT_FOUND') {
    return refused([partnerNotFound]);
  }
  const located = locateInput(sent, error.details.quotedNames ?? []);
  const other =
    code === 'CONFLICT' && id != null
      ? await graph.get(id, call).catch(() => undefined)
      : undefined;
  const userErrors = [{ code, message: error.message, field: located ? [...located] : field }];
  return refused(userErrors, other ?? null);
}
