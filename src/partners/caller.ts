import type { OperationKind, Viewer, ViewerOperation } from '../generated/graphql.ts';
import { readTokenClaims } from '../graph/credentials.ts';
import { requiredScopesOf } from '../graph/request.ts';
import { IdentityError } from '../identity/errors.ts';
import type { Authorizer } from '../identity/identityMode.ts';
import type { RequestContext } from './context.ts';
import { GatewayError } from './errors.ts';

const codes = {
  unauthenticated: 'UNAUTHENTICATED',
  forbidden: 'FORBIDDEN',
  unavailable: 'UPSTREAM_UNAVAILABLE',
} as const satisfies Readonly<Record<IdentityError['code'], string>>;

/**
 * Authorizes the caller for a kind of operation; does nothing if Graph alone decides.
 * @throws GatewayError that says what the caller can do about it.
 */
export async function authorize(
  { authorizer, call }: RequestContext,
  kind: OperationKind,
): Promise<void> {
  await authorizer?.authorize(call, kind).catch(rethrow(authorizer, kind));
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
  await authorizer?.identify(call).catch(rethrow(authorizer, 'READ'));
}

/** Makes of the error of a rejected caller one that says what the caller can do; leaves anything else as it came. */
function rethrow({ permissions }: Authorizer, kind: OperationKind): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof IdentityError)) {
      throw error;
    }
    const { code, message, reason } = error;
    const lacksPermission = reason === 'permission-missing' || reason === 'roles-missing';
    const extensions = { reason, ...(lacksPermission && { requiredScopes: permissions[kind] }) };
    throw new GatewayError(codes[code], message, extensions, error);
  };
}

const graphPermissions = { READ: requiredScopesOf('get'), WRITE: requiredScopesOf('add') };

const operations: Readonly<Record<OperationKind, readonly string[]>> = {
  READ: ['complianceManagementPartner', 'complianceManagementPartners', 'node', 'nodes'],
  WRITE: [
    'addComplianceManagementPartner',
    'updateComplianceManagementPartner',
    'addEnrollmentAssignment',
    'removeEnrollmentAssignment',
    'deleteComplianceManagementPartner',
  ],
};

/**
 * Describes the caller by its token, which is verified if the gateway can do so, and tells what its permissions allow; a
 * token that names none tells nothing of them.
 * @throws GatewayError if the token is not valid.
 */
export async function readViewer({ authorizer, call, authMode }: RequestContext): Promise<Viewer> {
  const caller: Partial<ReturnType<typeof readTokenClaims>> = authorizer
    ? await authorizer.identify(call).catch(rethrow(authorizer, 'READ'))
    : readTokenClaims(call.callerToken?.reveal() ?? '');
  const { tenantId, clientId, expiresAtMs, scopes = [], roles = [] } = caller ?? {};
  // Scopes are a user's, roles an application's: one never counts for the other.
  const kind = scopes.length > 0 ? 'USER' : roles.length > 0 ? 'APPLICATION' : null;
  const held = kind === 'USER' ? scopes : roles;
  const { permissions } = authorizer ?? { permissions: graphPermissions };
  return {
    authMode,
    isVerified: authorizer !== undefined,
    kind,
    tenantId: tenantId ?? null,
    clientId: clientId ?? null,
    scopes: [...scopes],
    roles: [...roles],
    expiresAt: expiresAtMs === undefined ? null : new Date(expiresAtMs).toISOString(),
    operations: (['READ', 'WRITE'] as const).flatMap((operation) => {
      const permission = permissionOf(held, permissions[operation]);
      return operations[operation].map((name) => ({ name, kind: operation, ...permission }));
    }),
  };
}

function permissionOf(
  held: readonly string[],
  sufficient: readonly string[],
): Pick<ViewerOperation, 'isPermitted' | 'missingPermission'> {
  if (held.length === 0 || sufficient.length === 0) {
    return { isPermitted: null, missingPermission: null };
  }
  // To the letter, as they are compared where callers are let in.
  const isPermitted = sufficient.some((name) => held.includes(name));
  return { isPermitted, missingPermission: isPermitted ? null : (sufficient[0] ?? null) };
}
