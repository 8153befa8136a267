import { generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mock } from 'node:test';
import type Provider from 'oidc-provider';
import type { Configuration, JWK } from 'oidc-provider';
import { frontendClientId } from './authority/people.ts';
import { createAuthorityKey } from './authority/signingKeys.ts';

/** What a token of the provider shall be. */
export interface ProviderTokenWish {
  readonly audience: string;
  /** A user; the application itself where it is left out. */
  readonly accountId?: string;
  readonly algorithm?: 'RS256' | 'PS256' | 'ES256';
  /** Claims that Entra would write and no standard knows. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** An OpenID provider that somebody else wrote, in the place of one tenant of Entra's. */
export interface OidcProvider {
  readonly url: URL;
  /** Has the provider itself issue an access token. */
  issue(wish: ProviderTokenWish): Promise<string>;
  /** Asks over HTTP as an application, with the grant for client credentials. */
  requestToken(audience: string): Promise<string>;
  close(): Promise<void>;
}

const secret = 'the-secret-of-the-frontend';

/** Starts it on loopback, where `/{tenant}/v2.0` is its issuer. The claims are those of applications over HTTP. */
export async function startOidcProvider(
  tenantId: string,
  claimsOverHttp: Readonly<Record<string, unknown>>,
): Promise<OidcProvider> {
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
    async issue(wish) {
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
    async requestToken(audience) {
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
  cookies: { keys: ['a key for cookies that nobody sets'] },
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
