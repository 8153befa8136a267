import { GraphCredentialError } from '../../graph/errors.ts';
import { isJsonObject, parseJson } from '../../graph/json.ts';
import type { Secret } from '../../shared/secret.ts';
import { createAcquisition, createClosing } from './acquisition.ts';
import { guardTransport } from './authority/guardTransport.ts';
import { createReadProof } from './client/readProof.ts';
import type { ClientCredential } from './clientProof.ts';
import type { OutboundCredentials, OutboundParts, TokenPlace } from './credentials.ts';
import { identityKeyOf, subjectOf } from './identityKey.ts';
import { createMsalSource } from './msal.ts';
import { TokenCache } from './tokenCache.ts';
import { createTokenTransport } from './tokenEndpoint.ts';

export interface OnBehalfOfOptions extends TokenPlace {
  /** Where users are whose token names no tenant. */
  readonly tenantId: string;
  readonly clientId: string;
  readonly credential: ClientCredential;
  /** Users whose tokens are kept at the same time. */
  readonly maximumTokens?: number;
}

const mode = 'on-behalf-of';

/**
 * Exchanges the caller's token for this gateway, which somebody else has validated, for one for Graph. What the
 * exchange asks of the user goes to the caller as claims; the gateway does not declare the capability `cp1`, so Graph
 * challenges its tokens only where Conditional Access does, and the caller's next token is another subject here.
 */
export function createOnBehalfOfCredentials(
  options: OnBehalfOfOptions,
  parts: OutboundParts,
): OutboundCredentials {
  const { cloud, authorityHost, scope, clientId, tenantId, maximumTokens = 10_000 } = options;
  const transport = guardTransport(
    createTokenTransport(new URL(authorityHost), parts),
    { countsAnswers: false },
    parts,
  );
  const source = createMsalSource(
    { flow: mode, authorityHost, clientId, scope },
    { transport, readProof: createReadProof(options.credential), now: parts.clock.now },
  );
  const closing = createClosing();
  const acquire = createAcquisition(mode, { ...parts, closing: closing.signal }, source);
  const cache = new TokenCache({ maximumTokens, refreshesAhead: false }, parts);
  return {
    hasOwnTokens: true,
    async tokenFor(call, { withFreshToken }) {
      const { callerToken: assertion, requestId, trail } = call;
      if (assertion === undefined) {
        throw new GraphCredentialError(
          'unauthenticated',
          'Send a token for this gateway in the header "Authorization: Bearer …".',
        );
      }
      const tenant = tenantIn(assertion) ?? tenantId;
      const scopes = [scope];
      const subject = subjectOf(assertion);
      const identity = { cloud, tenant, client: clientId, mode, scopes, subject, claims: '' };
      return cache.tokenFor({
        key: identityKeyOf(identity),
        call,
        withFreshToken,
        acquire: () => acquire({ tenant, assertion, requestId, trail }),
      });
    },
    close() {
      closing.abort();
      cache.close();
      return transport.close();
    },
  };
}

/** The tenant that issued the token and that alone can exchange it; a guest's is the one where they are a guest. */
function tenantIn(assertion: Secret): string | undefined {
  const payload = assertion.reveal().split('.')[1] ?? '';
  const claims = parseJson(Buffer.from(payload, 'base64url').toString('utf8'));
  const tenant = isJsonObject(claims) ? claims['tid'] : undefined;
  const isId =
    typeof tenant === 'string' && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(tenant);
  return isId ? tenant.toLowerCase() : undefined;
}
