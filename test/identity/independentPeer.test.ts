import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller } from '../../src/identity/caller.ts';
import { type Identity, startIdentity } from '../../src/identity/startIdentity.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { Secret } from '../../src/shared/secret.ts';
import {
  ada,
  contoso,
  fabrikam,
  frontendClientId,
  gatewayClient,
} from '../support/authority/people.ts';
import { silentLog } from '../support/logs.ts';
import { type OidcProvider, startOidcProvider } from '../support/startOidcProvider.ts';

const audience = `api://${gatewayClient.clientId}`;
const common = { tid: contoso.id, ver: '2.0', azp: frontendClientId };
const userClaims = { ...common, oid: ada.objectId, scp: 'access_as_user' };
const applicationClaims = { ...common, oid: frontendClientId, roles: ['Gateway.Use'] };
const user = { audience, accountId: ada.subject, claims: userClaims };

let provider: OidcProvider;
let identity: Identity;

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
  await identity.close();
  await provider.close();
});

const identify = (token: string): Promise<Caller> =>
  identity.identify(new Secret(token), new AbortController().signal);
const reasonAgainst = (token: string): Promise<unknown> =>
  identify(token).then(
    () => undefined,
    (error: { readonly reason?: unknown }) => error.reason,
  );

describe('tokens of a provider that somebody else wrote', () => {
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

  it('are refused for an application without roles', async () => {
    const claims = { ...applicationClaims, roles: undefined };
    expect(await reasonAgainst(await provider.issue({ audience, claims }))).toBe('roles-missing');
  });
});
