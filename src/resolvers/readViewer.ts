import { requiredScopesOf } from '../graph/requiredScopes.ts';
import { readTokenClaims } from '../graph/tokenClaims.ts';
import type { RequestContext } from './context.ts';
import { describeViewer, type ViewerModel } from './describeViewer.ts';
import { GatewayError } from './gatewayError.ts';

const graphPermissions = { READ: requiredScopesOf('get'), WRITE: requiredScopesOf('add') };

/** Tells who calls by the token that came. @throws GatewayError where none came. */
export function readViewer({ call }: RequestContext): ViewerModel {
  if (call.callerToken === undefined) {
    throw new GatewayError(
      'UNAUTHENTICATED',
      'Send a token for Microsoft Graph in the header "Authorization: Bearer …".',
    );
  }
  const claims = readTokenClaims(call.callerToken.reveal());
  return describeViewer({
    authMode: 'PASSTHROUGH',
    isVerified: false,
    tenantId: claims?.tenantId,
    clientId: claims?.clientId,
    scopes: claims?.scopes ?? [],
    roles: claims?.roles ?? [],
    expiresAtMs: claims?.expiresAtMs,
    permissionsFor: graphPermissions,
  });
}
