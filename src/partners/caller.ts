import type {
  AuthMode,
  CallerKind,
  OperationKind,
  Viewer,
  ViewerOperation,
} from '../generated/graphql.ts';
import { readTokenClaims } from '../graph/credentials.ts';
import { requiredScopesOf } from '../graph/request.ts';
import { IdentityError } from '../identity/errors.ts';
import type { Authorizer } from '../identity/identityMode.ts';
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

/** Describes the caller by its token, which is verified if the gateway can do so. @throws GatewayError if it is not valid. */
export async function readViewer({ authorizer, call, authMode }: RequestContext): Promise<Viewer> {
  const unknown = { authMode, scopes: [], roles: [] };
  if (authorizer === undefined) {
    const claims = readTokenClaims(call.callerToken?.reveal() ?? '');
    const isVerified = false;
    return describeViewer({ ...unknown, ...claims, isVerified, permissionsFor: graphPermissions });
  }
  const caller = await authorizer.identify(call).catch(rethrow(authorizer, 'READ'));
  const permissionsFor = authorizer.permissions;
  return describeViewer({ ...unknown, ...caller, isVerified: true, permissionsFor });
}

interface ViewerFacts {
  readonly authMode: AuthMode;
  readonly isVerified: boolean;
  readonly tenantId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly expiresAtMs?: number | undefined;
  /** The permissions of which one suffices for a kind of operation, the least privileged first. */
  readonly permissionsFor: Readonly<Record<OperationKind, readonly string[]>>;
}

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

/** Tells what a caller's permissions allow; a token that names none tells nothing of them. */
export function describeViewer(facts: ViewerFacts): Viewer {
  const { authMode, isVerified, tenantId, clientId, scopes, roles, expiresAtMs } = facts;
  // Scopes are a user's, roles an application's: one never counts for the other.
  const kind = scopes.length > 0 ? 'USER' : roles.length > 0 ? 'APPLICATION' : null;
  return {
    authMode,
    isVerified,
    kind,
    tenantId: tenantId ?? null,
    clientId: clientId ?? null,
    scopes: [...scopes],
    roles: [...roles],
    expiresAt: expiresAtMs === undefined ? null : new Date(expiresAtMs).toISOString(),
    operations: (['READ', 'WRITE'] as const).flatMap((operation) => {
      const permission = permissionOf(kind, facts, facts.permissionsFor[operation]);
      return operations[operation].map((name) => ({ name, kind: operation, ...permission }));
    }),
  };
}

function permissionOf(
  kind: CallerKind | null,
  { scopes, roles }: ViewerFacts,
  sufficient: readonly string[],
): Pick<ViewerOperation, 'isPermitted' | 'missingPermission'> {
  if (kind === null || sufficient.length === 0) {
    return { isPermitted: null, missingPermission: null };
  }
  // To the letter, as they are compared where callers are let in.
  const held = new Set(kind === 'USER' ? scopes : roles);
  const isPermitted = sufficient.some((name) => held.has(name));
  return { isPermitted, missingPermission: isPermitted ? null : (sufficient[0] ?? null) };
}
