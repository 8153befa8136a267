import { createHash } from 'node:crypto';
import type { GraphCall } from '../graph/request.ts';
import type { TenantKeys } from '../graph/tenantKeys.ts';
import type { Authorizer } from './authorizer.ts';

/** Counts calls for the gateway's own app, in its own tenant or in the one of the user on whose behalf it calls. */
export function createOwnTenantKeys(
  app: { readonly clientId: string; readonly tenantId: string },
  authorizer: Pick<Authorizer, 'callerOf'>,
  isOnBehalf: boolean,
): TenantKeys {
  const tenantIdOf = (call: GraphCall): string =>
    (isOnBehalf ? authorizer.callerOf(call)?.tenantId : undefined) ?? app.tenantId;
  return {
    keyOf(call) {
      const identity = JSON.stringify([tenantIdOf(call), app.clientId]);
      return createHash('sha256').update(identity).digest('base64url');
    },
    // A managed identity does not say in which tenant it is, but it is in one only.
    tenantOf: (call) => ({ id: tenantIdOf(call) || `of ${app.clientId}`, isProven: true }),
    accept: () => undefined,
    reject: () => undefined,
    isAccepted: (call) => authorizer.callerOf(call) !== undefined,
  };
}
