import { createHash } from 'node:crypto';
import type { TenantKeys } from '../graph/pipeline/tenantKeys.ts';
import type { Authorizer } from './createAuthorizer.ts';

/** Counts calls for the gateway's own app, in its own tenant or in the one of the user on whose behalf it calls. */
export function createOwnTenantKeys(
  app: { readonly clientId: string; readonly tenantId: string },
  authorizer: Pick<Authorizer, 'callerOf'>,
  isOnBehalf: boolean,
): TenantKeys {
  return {
    keyOf(call) {
      const tenantId = isOnBehalf ? authorizer.callerOf(call)?.tenantId : undefined;
      const identity = JSON.stringify([tenantId ?? app.tenantId, app.clientId]);
      return createHash('sha256').update(identity).digest('base64url');
    },
    accept: () => undefined,
    reject: () => undefined,
    isAccepted: (call) => authorizer.callerOf(call) !== undefined,
  };
}
