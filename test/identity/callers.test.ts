import { describe, expect, it } from '@jest/globals';
import type { MintWish } from '../support/authority/mint.ts';
import {
  ada,
  contoso,
  fabrikam,
  frontendClientId,
  frontendServiceId,
  gatewayClient,
  grace,
} from '../support/authority/people.ts';
import { errorAgainst, fabrikamsKey, identify, mintToken, nowMs } from './identityHarness.ts';

const expiresAtMs = Math.floor(nowMs / 1000) * 1000 + 3_600_000;

describe('a caller', () => {
  it.each<MintWish['version']>(['1.0', '2.0'])(
    'is the user that a token of version %s names',
    async (version = '2.0') => {
      const token = mintToken({ version, scope: 'access_as_user read  all ' });
      const { token: kept, ...caller } = await identify(token);
      expect(caller).toEqual({
        kind: 'user',
        tenantId: contoso.id,
        clientId: frontendClientId,
        subject: ada.objectId,
        scopes: ['access_as_user', 'read', 'all'],
        expiresAtMs,
      });
      expect(kept.reveal()).toBe(token);
    },
  );

  it.each<[string, MintWish]>([
    ['of version 1.0', { version: '1.0' }],
    ['of version 2.0', { version: '2.0' }],
    ['that says so', { claims: { idtyp: 'app', sub: 'something-else' } }],
  ])('is the application that a token %s names', async (_what, wish) => {
    const { token: _token, ...caller } = await identify(
      mintToken({ kind: 'application', ...wish }),
    );
    expect(caller).toEqual({
      kind: 'application',
      tenantId: contoso.id,
      clientId: frontendClientId,
      subject: frontendServiceId,
      roles: ['Gateway.Use'],
      expiresAtMs,
    });
  });

  it("is known by the token's own subject where it has no object id", async () => {
    const caller = await identify(mintToken({ claims: { oid: undefined } }));
    expect(caller.subject).toBe(ada.subject);
  });

  it('has no roles as a user, whatever the token says', async () => {
    const caller = await identify(mintToken({ claims: { roles: ['Gateway.Use'] } }));
    expect(caller).not.toHaveProperty('roles');
  });

  it('is of the tenant that signed, in each of two', async () => {
    const [one, other] = await Promise.all([
      identify(mintToken({ user: ada })),
      identify(mintToken({ user: grace, tenant: fabrikam }, fabrikamsKey)),
    ]);
    expect([one.tenantId, one.subject]).toEqual([contoso.id, ada.objectId]);
    expect([other.tenantId, other.subject]).toEqual([fabrikam.id, grace.objectId]);
  });

  it.each([gatewayClient.clientId, `api://${gatewayClient.clientId}`])(
    'comes with a token for %s',
    async (audience) => {
      expect(await identify(mintToken({ audience }))).toMatchObject({ kind: 'user' });
    },
  );

  it.each([
    ['user', 'application', 'applications-not-allowed'],
    ['application', 'user', 'users-not-allowed'],
  ] as const)('is let in as %s only where that is said', async (allowed, other, reason) => {
    const rules = { kinds: [allowed] };
    expect(await identify(mintToken({ kind: allowed }), rules)).toMatchObject({ kind: allowed });
    const error = await errorAgainst(mintToken({ kind: other }), rules);
    expect(error).toMatchObject({ code: 'forbidden', reason });
  });

  it.each<[MintWish, boolean]>([
    [{ scope: 'access_as_user other' }, true],
    [{ scope: 'other' }, false],
    [{ kind: 'application', roles: ['Gateway.Use'] }, true],
    [{ kind: 'application', roles: ['access_as_user'] }, false],
  ])('with %j has one of the permissions that are asked for: %s', async (wish, isPermitted) => {
    const rules = { scopes: ['access_as_user'], roles: ['Gateway.Use', 'Gateway.Admin'] };
    const error = await errorAgainst(mintToken(wish), rules);
    expect(error?.reason).toBe(isPermitted ? undefined : 'permission-missing');
  });

  it('uses one of the apps that are allowed, in whatever case they are configured', async () => {
    const rules = { clientIds: [frontendClientId.toUpperCase()] };
    expect(await identify(mintToken(), rules)).toMatchObject({ clientId: frontendClientId });
  });
});

describe("the gateway's clock", () => {
  it.each([
    ['59 s behind', {}, -59_000, undefined],
    ['61 s behind', { claims: { iat: 0 } }, -61_000, 'token-not-yet-valid'],
    ['61 s behind', { claims: { nbf: undefined } }, -61_000, 'token-from-the-future'],
    ['2 min behind', {}, -120_000, 'token-not-yet-valid'],
    ['2 min ahead', {}, 120_000, undefined],
    ['59 s beyond the end', {}, 3_600_000 + 59_000 - 5_000, undefined],
    ['61 s beyond the end', {}, 3_600_000 + 61_000, 'token-expired'],
  ])('%s of a fresh token: %j', async (_what, wish, clockOffsetMs, reason) => {
    const error = await errorAgainst(mintToken(wish), { clockOffsetMs });
    expect(error?.reason).toBe(reason);
  });

  it('may be 2 min off to either side where the token is not at its ends', async () => {
    const issued = Math.floor(nowMs / 1000) - 600;
    const token = mintToken({ claims: { iat: issued, nbf: issued } });
    for (const clockOffsetMs of [-120_000, 0, 120_000]) {
      expect(await errorAgainst(token, { clockOffsetMs })).toBeUndefined();
    }
  });
});
