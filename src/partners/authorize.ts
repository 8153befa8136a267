import type { AccessKind, Authorizer } from '../identity/authorizer.ts';
import { IdentityError } from '../identity/errors.ts';
import type { RequestContext } from './context.ts';
import { GatewayError, type GatewayErrorCode } from './errors.ts';

const codes: Readonly<Record<IdentityError['code'], GatewayErrorCode>> = {
  unauthenticated: 'UNAUTHENTICATED',
  forbidden: 'FORBIDDEN',
  unavailable: 'UPSTREAM_UNAVAILABLE',
};

/**
 * Authorizes the caller for a kind of operation; does nothing if Graph alone decides.
 * @throws GatewayError that says what the caller can do about it.
 */
export async function authorize(
  { authorizer, call }: RequestContext,
  kind: AccessKind,
): Promise<void> {
  try {
    await authorizer?.authorize(call, kind);
  } catch (error) {
    throw toGatewayIdentityError(error, authorizer, kind);
  }
}

/**
 * Demands a usable token for anything at all: a valid one for this gateway or, if Graph alone decides, one of the right
 * form.
 * @throws GatewayError that says what the caller can do about it.
 */
export async function requireToken({ authorizer, call }: RequestContext): Promise<void> {
  if (authorizer === undefined && call.callerToken === undefined) {
    throw new GatewayError(
      'UNAUTHENTICATED',
      'Send a token for Microsoft Graph in the header "Authorization: Bearer …".',
    );
  }
  try {
    await authorizer?.identify(call);
  } catch (error) {
    throw toGatewayIdentityError(error, authorizer, 'READ');
  }
}

/** The error of a rejected caller; gives anything else back as it came. */
export function toGatewayIdentityError(
  error: unknown,
  authorizer: Pick<Authorizer, 'permissions'> | undefined,
  kind: AccessKind,
): unknown {
  if (!(error instanceof IdentityError)) {
    return error;
  }
  const lacksPermission = error.reason === 'permission-missing' || error.reason === 'roles-missing';
  return new GatewayError(
    codes[error.code],
    error.message,
    {
      reason: error.reason,
      ...(lacksPermission && { requiredScopes: authorizer?.permissions[kind] ?? [] }),
    },
    error,
  );
}
