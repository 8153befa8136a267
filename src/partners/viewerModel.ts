import type { AuthMode, CallerKind, OperationKind } from '../generated/graphql.ts';

/** The schema's `Viewer`. */
export interface ViewerModel {
  readonly authMode: AuthMode;
  readonly isVerified: boolean;
  readonly kind: CallerKind | null;
  readonly tenantId: string | null;
  readonly clientId: string | null;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly expiresAt: string | null;
  readonly operations: readonly ViewerOperationModel[];
}

/** The schema's `ViewerOperation`. */
export interface ViewerOperationModel {
  readonly name: string;
  readonly kind: OperationKind;
  readonly isPermitted: boolean | null;
  readonly missingPermission: string | null;
}

/** What is known of the caller. */
export interface ViewerFacts {
  readonly authMode: AuthMode;
  readonly isVerified: boolean;
  readonly tenantId: string | undefined;
  readonly clientId: string | undefined;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly expiresAtMs: number | undefined;
  /** The permissions of which one suffices for a kind of operation, the least privileged first. */
  readonly permissionsFor: Readonly<Record<OperationKind, readonly string[]>>;
}

const operations: readonly { readonly name: string; readonly kind: OperationKind }[] = [
  { name: 'complianceManagementPartner', kind: 'READ' },
  { name: 'complianceManagementPartners', kind: 'READ' },
  { name: 'node', kind: 'READ' },
  { name: 'nodes', kind: 'READ' },
  { name: 'addComplianceManagementPartner', kind: 'WRITE' },
  { name: 'updateComplianceManagementPartner', kind: 'WRITE' },
  { name: 'addEnrollmentAssignment', kind: 'WRITE' },
  { name: 'removeEnrollmentAssignment', kind: 'WRITE' },
  { name: 'deleteComplianceManagementPartner', kind: 'WRITE' },
];

/** Tells what a caller's permissions allow; a token that names none tells nothing of them. */
export function describeViewer(facts: ViewerFacts): ViewerModel {
  const { authMode, isVerified, tenantId, clientId, scopes, roles, expiresAtMs } = facts;
  const kind = kindOf(facts);
  return {
    authMode,
    isVerified,
    kind,
    tenantId: tenantId ?? null,
    clientId: clientId ?? null,
    scopes,
    roles,
    expiresAt: expiresAtMs === undefined ? null : new Date(expiresAtMs).toISOString(),
    operations: operations.map((operation) => ({
      ...operation,
      ...permissionOf(kind, facts, facts.permissionsFor[operation.kind]),
    })),
  };
}

/** Scopes are a user's, roles an application's: one never counts for the other. */
function kindOf({ scopes, roles }: ViewerFacts): CallerKind | null {
  if (scopes.length > 0) {
    return 'USER';
  }
  return roles.length > 0 ? 'APPLICATION' : null;
}

function permissionOf(
  kind: CallerKind | null,
  { scopes, roles }: ViewerFacts,
  sufficient: readonly string[],
): Pick<ViewerOperationModel, 'isPermitted' | 'missingPermission'> {
  if (kind === null || sufficient.length === 0) {
    return { isPermitted: null, missingPermission: null };
  }
  // To the letter, as they are compared where callers are let in.
  const held = new Set(kind === 'USER' ? scopes : roles);
  const isPermitted = sufficient.some((name) => held.has(name));
  return { isPermitted, missingPermission: isPermitted ? null : (sufficient[0] ?? null) };
}
