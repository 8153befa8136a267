import { requiredScopesOf } from '../graph/requiredScopes.ts';
import { readTokenClaims } from '../graph/tokenClaims.ts';
import type { Authorizer } from '../identity/createAuthorizer.ts';
import type { RequestContext } from './context.ts';
import { describeViewer, type ViewerModel } from './describeViewer.ts';
import { GatewayError } from './gatewayError.ts';
import { toGatewayIdentityError } from './letIn.ts';

const graphPermissions = { READ: requiredScopesOf('get'), WRITE: requiredScopesOf('add') };

/** Tells who calls, by a token that was verified where the gateway can do so. @throws GatewayError where none came. */
export async function readViewer(context: RequestContext): Promise<ViewerModel> {
  const { authorizer } = context;
  return authorizer === undefined ? readUnverified(context) : readVerified(context, authorizer);
}

async function readVerified(
  { call, authMode }: RequestContext,
  authorizer: Authorizer,
): Promise<ViewerModel> {
  const caller = await authorizer.identify(call).catch((error: unknown) => {
    throw toGatewayIdentityError(error, authorizer, 'READ');
  });
  const { tenantId, clientId, expiresAtMs } = caller;
  return describeViewer({
    authMode,
    isVerified: true,
    tenantId,
    clientId,
    scopes: caller.kind === 'user' ? caller.scopes : [],
    roles: caller.kind === 'application' ? caller.roles : [],
    expiresAtMs,
    permissionsFor: authorizer.permissions,
  });
}

function readUnverified({ call, authMode }: RequestContext): ViewerModel {
  if (call.callerToken === undefined) {
    throw new GatewayError(
      'UNAUTHENTICATED',
      'Send a token for Microsoft Graph in the header "Authorization: Bearer …".',
    );
  }
  const claims = readTokenClaims(call.callerToken.reveal());
  return describeViewer({
    authMode,
    isVerified: false,
    tenantId: claims?.tenantId,
    clientId: claims?.clientId,
    scopes: claims?.scopes ?? [],
    roles: claims?.roles ?? [],
    expiresAtMs: claims?.expiresAtMs,
    permissionsFor: graphPermissions,
  });
}
