import { type Credentials, callerKeyOf, type TenantKeys } from '../graph/credentials.ts';
import { GraphError } from '../graph/errors.ts';
import type { GraphCall } from '../graph/request.ts';
import { digestOf } from '../shared/secret.ts';
import type { Caller } from './claims.ts';
import { IdentityError } from './errors.ts';
import type { createIdentify } from './verifyToken.ts';

/** What an operation does to the resource. */
export type AccessKind = 'READ' | 'WRITE';

/** The permissions of which one suffices, the least privileged first. */
type AccessPermissions = Readonly<Record<AccessKind, readonly string[]>>;

/** Lets callers in that prove who they are and hold a permission for what they do. */
export interface Authorizer {
  readonly permissions: AccessPermissions;
  /** Validates the token once for each operation. @throws IdentityError if the caller is rejected. */
  identify(call: GraphCall): Promise<Caller>;
  /** @throws IdentityError if the caller is rejected, or lacks the permission. */
  authorize(call: GraphCall, kind: AccessKind): Promise<Caller>;
  /** Who was authenticated with a call; undefined if no caller was. */
  callerOf(call: GraphCall): Caller | undefined;
}

/** Makes the authorizer over the given way to authenticate callers. */
export function createAuthorizer(
  identifyBearer: ReturnType<typeof createIdentify>,
  permissions: AccessPermissions,
): Authorizer {
  const identifying = new WeakMap<GraphCall, Promise<Caller>>();
  const callers = new WeakMap<GraphCall, Caller>();

  function identify(call: GraphCall): Promise<Caller> {
    const asking = identifying.get(call) ?? identifyBearer(call.callerToken, call.signal);
    identifying.set(call, asking);
    return asking;
  }

  return {
    permissions,
    identify,
    async authorize(call, kind) {
      const caller = await identify(call);
      // A user's scopes and an application's roles: one never counts for the other.
      const held = caller.kind === 'user' ? caller.scopes : caller.roles;
      if (!permissions[kind].some((permission) => held.includes(permission))) {
        throw new IdentityError('permission-missing');
      }
      callers.set(call, caller);
      return caller;
    },
    callerOf: (call) => callers.get(call),
  };
}

/**
 * Gives no token for a call whose caller was rejected. Every query and mutation asks before; this is the last look,
 * so that one which forgets to ask fails instead of lending the gateway's permissions to any caller.
 */
export function guardCredentials<Own extends Credentials>(
  credentials: Own,
  authorizer: Pick<Authorizer, 'callerOf'>,
): Own {
  return {
    ...credentials,
    tokenFor(call, wish) {
      if (authorizer.callerOf(call) === undefined) {
        throw new GraphError('unauthenticated', 'This call was not authorized.');
      }
      return credentials.tokenFor(call, wish);
    },
  };
}

/** Counts calls for the gateway's own app, in its own tenant or in the one of the user on whose behalf it calls. */
export function createOwnTenantKeys(
  app: { readonly clientId: string; readonly tenantId: string },
  authorizer: Pick<Authorizer, 'callerOf'>,
  isOnBehalf: boolean,
): TenantKeys {
  const tenantIdOf = (call: GraphCall): string =>
    (isOnBehalf ? authorizer.callerOf(call)?.tenantId : undefined) ?? app.tenantId;
  // Callers of one tenant come one after the other, if not always.
  let last = { tenantId: '', key: '' };
  return {
    keyOf(call) {
      const tenantId = tenantIdOf(call);
      if (last.key === '' || last.tenantId !== tenantId) {
        last = { tenantId, key: digestOf(JSON.stringify([tenantId, app.clientId])) };
      }
      return last.key;
    },
    // A managed identity does not say in which tenant it is, but it is in one only.
    tenantOf: (call) => ({ id: tenantIdOf(call) || `of ${app.clientId}`, isProven: true }),
    accept: () => undefined,
    reject: () => undefined,
    callerOf(call) {
      const caller = authorizer.callerOf(call);
      return caller && callerKeyOf(caller.tenantId, caller.subject);
    },
    isAccepted: (call) => authorizer.callerOf(call) !== undefined,
  };
}
