import { generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mock } from 'node:test';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Provider from 'oidc-provider';
import type { Configuration, JWK } from 'oidc-provider';
import type { Caller } from '../../src/identity/claims.ts';
import { startIdentity } from '../../src/identity/verifyToken.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { Secret } from '../../src/shared/secret.ts';
import {
  ada,
  contoso,
  fabrikam,
  frontendClientId,
  gatewayClient,
} from '../support/authority/people.ts';
import { createAuthorityKey } from '../support/authority/signingKeys.ts';
import { silentLog } from '../support/logs.ts';

/** What a token of the provider shall be. */
interface ProviderTokenWish {
  readonly audience: string;
  /** A user; the application itself where it is left out. */
  readonly accountId?: string;
  readonly algorithm?: 'RS256' | 'PS256' | 'ES256';
  /** Claims that Entra would write and no standard knows. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

const secret = 'the-secret-of-the-frontend';

/**
 * Starts a third-party OpenID provider in the place of one Entra tenant, on loopback, where `/{tenant}/v2.0` is its issuer.
 * The claims are those of applications over HTTP.
 */
async function startOidcProvider(
  tenantId: string,
  claimsOverHttp: Readonly<Record<string, unknown>>,
) {
  // It says on some versions of Node that it would like another one, and that it has no TLS.
  mock.method(console, 'warn', () => undefined);
  mock.method(console, 'info', () => undefined);
  const { default: ProviderClass } = await import('oidc-provider');
  const prefix = `/${tenantId}/v2.0`;
  const wishes = new WeakMap<object, ProviderTokenWish>();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const provider: Provider = new ProviderClass(`${url.origin}${prefix}`, {
    ...configuration,
    extraTokenClaims: (_context, token) => ({ ...(wishes.get(token)?.claims ?? claimsOverHttp) }),
  });
  const handle = provider.callback();
  server.on('request', (request: IncomingMessage & { originalUrl?: string }, response) => {
    // The provider finds out where it is mounted from the difference between the two.
    request.originalUrl = request.url ?? '';
    request.url = request.originalUrl.replace(prefix, '');
    handle(request, response);
  });

  return {
    url,
    /** Has the provider itself issue an access token. */
    async issue(wish: ProviderTokenWish): Promise<string> {
      const client = await provider.Client.find(frontendClientId);
      if (client === undefined) {
        throw new Error('The provider does not know its client.');
      }
      const { accountId, audience, algorithm } = wish;
      const token = accountId
        ? new provider.AccessToken({
            client,
            accountId,
            grantId: 'test',
            gty: 'test',
            scope: 'access_as_user',
          })
        : new provider.ClientCredentials({ client, scope: 'access_as_user' });
      token.resourceServer = new provider.ResourceServer(
        audience,
        resourceServerOf(audience, algorithm),
      );
      wishes.set(token, wish);
      return token.save();
    },
    /** Asks over HTTP as an application, with the grant for client credentials. */
    async requestToken(audience: string): Promise<string> {
      const body = new URLSearchParams({ grant_type: 'client_credentials', resource: audience });
      const authorization = Buffer.from(`${frontendClientId}:${secret}`).toString('base64');
      const headers = { authorization: `Basic ${authorization}` };
      const response = await fetch(`${url.origin}${prefix}/token`, {
        method: 'POST',
        headers,
        body,
      });
      const { access_token: token } = (await response.json()) as { access_token?: string };
      if (token === undefined) {
        throw new Error(`The provider answered ${response.status}.`);
      }
      return token;
    },
    async close() {
      mock.restoreAll();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function privateKey(kid: string, alg: 'RS256' | 'PS256' | 'ES256'): JWK {
  const key =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
      : createAuthorityKey().privateKey;
  return { ...key.export({ format: 'jwk' }), kid, alg, use: 'sig' } as JWK;
}

const resourceServerOf = (audience: string, alg: ProviderTokenWish['algorithm'] = 'RS256') => ({
  audience,
  scope: 'access_as_user',
  accessTokenFormat: 'jwt' as const,
  accessTokenTTL: 3600,
  jwt: { sign: { alg } },
});

const configuration: Configuration = {
  clients: [
    {
      client_id: frontendClientId,
      client_secret: secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  cookies: { keys: ['a key for unused cookies'] },
  jwks: {
    keys: [privateKey('rsa', 'RS256'), privateKey('pss', 'PS256'), privateKey('curve', 'ES256')],
  },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, audience) => resourceServerOf(audience),
    },
  },
};

const audience = `api://${gatewayClient.clientId}`;
const common = { tid: contoso.id, ver: '2.0', azp: frontendClientId };
const userClaims = { ...common, oid: ada.objectId, scp: 'access_as_user' };
const applicationClaims = { ...common, oid: frontendClientId, roles: ['Gateway.Use'] };
const user = { audience, accountId: ada.subject, claims: userClaims };

let provider: Awaited<ReturnType<typeof startOidcProvider>>;
let identity: ReturnType<typeof startIdentity>;

beforeAll(async () => {
  provider = await startOidcProvider(contoso.id, applicationClaims);
  identity = startIdentity({
    authority: provider.url,
    tenantIds: [contoso.id],
    audiences: [audience],
    kinds: ['user', 'application'],
    clock: systemClock,
    chance: () => 0,
    log: silentLog,
  });
});

afterAll(async () => {
  identity.keys.close();
  await provider.close();
});

const identify = (token: string): Promise<Caller> =>
  identity.identify(new Secret(token), new AbortController().signal);
const reasonAgainst = (token: string): Promise<unknown> =>
  identify(token).then(
    () => undefined,
    (error: { readonly reason?: unknown }) => error.reason,
  );

describe('tokens of a third-party provider', () => {
  it('let an application in that asked for one over HTTP', async () => {
    const token = await provider.requestToken(audience);
    expect(await identify(token)).toMatchObject({
      kind: 'application',
      tenantId: contoso.id,
      clientId: frontendClientId,
      roles: ['Gateway.Use'],
    });
  });

  it('let a user in', async () => {
    expect(await identify(await provider.issue(user))).toMatchObject({
      kind: 'user',
      subject: ada.objectId,
      scopes: ['access_as_user'],
    });
  });

  it.each([
    ['for another API', { audience: 'api://somebody-else' }, 'audience-not-allowed'],
    ['for Graph', { audience: 'https://graph.microsoft.com' }, 'audience-is-graph'],
    ['signed with PS256', { algorithm: 'PS256' }, 'algorithm-not-allowed'],
    ['signed with ES256', { algorithm: 'ES256' }, 'algorithm-not-allowed'],
    ['for another tenant', { claims: { ...userClaims, tid: fabrikam.id } }, 'issuer-not-allowed'],
    ['as the standard has them, without a tenant', { claims: {} }, 'claims-malformed'],
    ['with standard scopes only', { claims: common }, 'not-an-access-token'],
  ] as const)('are refused %s', async (_what, wish, reason) => {
    expect(await reasonAgainst(await provider.issue({ ...user, ...wish }))).toBe(reason);
  });

  it('are rejected for an application without roles', async () => {
    const claims = { ...applicationClaims, roles: undefined };
    expect(await reasonAgainst(await provider.issue({ audience, claims }))).toBe('roles-missing');
  });
});
