import { readTokenClaims } from '../graph/credentials.ts';
import { requiredScopesOf } from '../graph/types.ts';
import type { Authorizer } from '../identity/authorizer.ts';
import { toGatewayIdentityError } from './authorize.ts';
import type { RequestContext } from './context.ts';
import { describeViewer, type ViewerModel } from './viewerModel.ts';

const graphPermissions = { READ: requiredScopesOf('get'), WRITE: requiredScopesOf('add') };

/** Describes the caller by its token, which is verified if the gateway can do so. @throws GatewayError if it is not valid. */
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
  const claims = readTokenClaims(call.callerToken?.reveal() ?? '');
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
