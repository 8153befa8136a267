import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mock } from 'node:test';
import { afterAll, describe, expect, it } from '@jest/globals';
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
import { useClosing } from '../support/closing.ts';
import { silentLog } from '../support/logs.ts';

const audience = `api://${gatewayClient.clientId}`;
const secret = 'the-secret-of-the-frontend';
const common = { tid: contoso.id, ver: '2.0', azp: frontendClientId };
const userClaims = { ...common, oid: ada.objectId, scp: 'access_as_user' };
const applicationClaims = { ...common, oid: frontendClientId, roles: ['Gateway.Use'] };

/** What the next token shall be; the claims are those that Entra would write and no standard knows. */
let wish: { alg: 'RS256' | 'PS256' | 'ES256'; claims: Record<string, unknown> };

const privateKey = (alg: typeof wish.alg, key: KeyObject): JWK =>
  ({ ...key.export({ format: 'jwk' }), kid: alg, alg, use: 'sig' }) as JWK;

const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const client = { client_id: frontendClientId, client_secret: secret };
const configuration: Configuration = {
  clients: [
    { ...client, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
  ],
  cookies: { keys: ['a key for unused cookies'] },
  jwks: {
    keys: [
      privateKey('RS256', createAuthorityKey().privateKey),
      privateKey('PS256', createAuthorityKey().privateKey),
      privateKey('ES256', ecKey),
    ],
  },
  extraTokenClaims: () => wish.claims,
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, resource) => ({
        audience: resource,
        scope: 'access_as_user',
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: wish.alg } },
      }),
    },
  },
};

/** Starts a third-party OpenID provider in the place of one Entra tenant, where `/{tenant}/v2.0` is its issuer. */
async function startProvider() {
  // It says on some versions of Node that it would like another one, and that it has no TLS.
  mock.method(console, 'warn', () => undefined);
  mock.method(console, 'info', () => undefined);
  const { default: Provider } = await import('oidc-provider');
  const prefix = `/${contoso.id}/v2.0`;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const handle = new Provider(`${url.origin}${prefix}`, configuration).callback();
  server.on('request', (request: IncomingMessage & { originalUrl?: string }, response) => {
    // The provider finds out where it is mounted from the difference between the two.
    request.originalUrl = request.url ?? '';
    request.url = request.originalUrl.replace(prefix, '');
    handle(request, response);
  });
  return {
    url,
    /** Asks over HTTP, as an application does. */
    async requestToken(resource: string): Promise<string> {
      const basic = Buffer.from(`${frontendClientId}:${secret}`).toString('base64');
      const response = await fetch(`${url.origin}${prefix}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${basic}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource }),
      });
      return ((await response.json()) as { access_token: string }).access_token;
    },
    async close() {
      mock.restoreAll();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const provider = await startProvider();
const identity = startIdentity({
  authority: provider.url,
  tenantIds: [contoso.id],
  audiences: [audience],
  kinds: ['user', 'application'],
  clock: systemClock,
  chance: () => 0,
  log: silentLog,
});
useClosing(afterAll)(provider.close, identity.keys.close);

async function identify(change: Partial<typeof wish> & { resource?: string }): Promise<Caller> {
  wish = { alg: 'RS256', claims: userClaims, ...change };
  const token = await provider.requestToken(change.resource ?? audience);
  return identity.identify(new Secret(token), new AbortController().signal);
}

describe('tokens of a third-party provider', () => {
  it('let in users and applications', async () => {
    expect(await identify({})).toMatchObject({
      kind: 'user',
      subject: ada.objectId,
      tenantId: contoso.id,
      clientId: frontendClientId,
    });
    const application = { kind: 'application', roles: ['Gateway.Use'] };
    expect(await identify({ claims: applicationClaims })).toMatchObject(application);
  });

  it.each([
    ['for another API', { resource: 'api://another' }, 'audience-not-allowed'],
    ['for Graph', { resource: 'https://graph.microsoft.com' }, 'audience-is-graph'],
    ['signed with PS256', { alg: 'PS256' }, 'algorithm-not-allowed'],
    ['signed with ES256', { alg: 'ES256' }, 'algorithm-not-allowed'],
    ['for another tenant', { claims: { ...userClaims, tid: fabrikam.id } }, 'issuer-not-allowed'],
    ['as the standard has them, without a tenant', { claims: {} }, 'claims-malformed'],
    ['with standard scopes only', { claims: common }, 'not-an-access-token'],
    ['without roles', { claims: { ...applicationClaims, roles: undefined } }, 'roles-missing'],
  ] as const)('are refused %s', async (_what, change, reason) => {
    await expect(identify(change)).rejects.toMatchObject({ reason });
  });
});
