import { createAcquisition, createClosing } from './acquisition.ts';
import { guardTransport } from './authority/guardTransport.ts';
import { createReadProof } from './client/readProof.ts';
import type { ClientCredential } from './clientProof.ts';
import type { OutboundCredentials, OutboundParts, TokenPlace } from './credentials.ts';
import { identityKeyOf, ownSubject } from './identityKey.ts';
import { createManagedIdentitySource, type ManagedIdentityEndpoint } from './managedIdentity.ts';
import { createMsalSource } from './msal.ts';
import type { TokenFlow, TokenSource } from './token.ts';
import { TokenCache } from './tokenCache.ts';
import { createTokenTransport, type TokenTransport } from './tokenEndpoint.ts';

/** As whom the gateway asks. */
export type AppIdentity =
  | {
      readonly kind: 'registration';
      readonly tenantId: string;
      readonly clientId: string;
      readonly credential: ClientCredential;
    }
  | {
      readonly kind: 'managed-identity';
      readonly endpoint: ManagedIdentityEndpoint;
      /** Of a user-assigned identity; undefined means the machine's own. */
      readonly clientId: string | undefined;
    };

export interface AppOnlyOptions extends TokenPlace {
  readonly identity: AppIdentity;
}

/** Gets the gateway's own token for Graph, one for all callers, and renews it before its end. */
export function createAppOnlyCredentials(
  options: AppOnlyOptions,
  parts: OutboundParts,
): OutboundCredentials {
  const { cloud, scope, identity } = options;
  const { flow, transport, source } = createSource(options, parts);
  const closing = createClosing();
  const acquire = createAcquisition(flow, { ...parts, closing: closing.signal }, source);
  const cache = new TokenCache({ maximumTokens: 1, refreshesAhead: true }, parts);
  const tenant = identity.kind === 'registration' ? identity.tenantId : '';
  const key = identityKeyOf({
    cloud,
    tenant,
    client: identity.clientId ?? '',
    mode: 'app-only',
    scopes: [scope],
    subject: ownSubject,
    claims: '',
  });
  return {
    hasOwnTokens: true,
    tokenFor: (call, { withFreshToken }) =>
      cache.tokenFor({
        key,
        call,
        withFreshToken,
        acquire: () => {
          const { requestId, trail } = call;
          return acquire({ tenant, assertion: undefined, requestId, trail });
        },
      }),
    close() {
      closing.abort();
      cache.close();
      return transport.close();
    },
  };
}

interface Source {
  readonly flow: TokenFlow;
  readonly transport: TokenTransport;
  readonly source: TokenSource;
}

function createSource(
  { authorityHost, scope, identity }: AppOnlyOptions,
  parts: OutboundParts,
): Source {
  const { clock } = parts;
  if (identity.kind === 'managed-identity') {
    const { endpoint, clientId } = identity;
    const way = createTokenTransport(endpoint.url, {
      ...parts,
      proxies: undefined,
      allowsPlainHttp: true,
    });
    const transport = guardTransport(way, { countsAnswers: true }, parts);
    const resource = scope.replace(/\/\.default$/, '');
    const source = createManagedIdentitySource(
      { endpoint, clientId, resource },
      { transport, clock },
    );
    return { flow: 'managed-identity', transport, source };
  }
  const { clientId, credential } = identity;
  const flow = 'client-credentials';
  const way = createTokenTransport(new URL(authorityHost), parts);
  const transport = guardTransport(way, { countsAnswers: true }, parts);
  const source = createMsalSource(
    { flow, authorityHost, clientId, scope },
    { transport, readProof: createReadProof(credential), now: clock.now },
  );
  return { flow, transport, source };
}
