import { describe, expect, it } from '@jest/globals';
import type { MintWish } from '../support/authority/mint.ts';
import { ada, fabrikam, gatewayClient, grace } from '../support/authority/people.ts';
import { useClosing } from '../support/closing.ts';
import { addMutation, totalCountQuery } from '../support/documents.ts';
import { type IdentityStage, startIdentityStage } from '../support/identityStage.ts';

const closeLater = useClosing();

async function start(...args: Parameters<typeof startIdentityStage>): Promise<IdentityStage> {
  const stage = await startIdentityStage(...args);
  closeLater(stage.close);
  return stage;
}

const run = (
  { gateway, authority }: IdentityStage,
  wish: MintWish,
  query: string,
  variables = {},
) => gateway.run(query, variables, { authorization: `Bearer ${authority.mint(wish)}` });
const list = (stage: IdentityStage, wish: MintWish = {}) => run(stage, wish, totalCountQuery);
const add = (stage: IdentityStage, wish: MintWish = {}) =>
  run(stage, wish, addMutation, { input: { displayName: 'Fleet' } });
const errorOf = ({ result }: Awaited<ReturnType<typeof list>>) => result.errors?.[0]?.extensions;
const outboundOf = ({ graph, authority }: IdentityStage) => [
  graph.requests.length,
  authority.count('token'),
];

describe('on behalf of users', () => {
  it("exchanges each user's token, and shows Graph nothing but what it got for it", async () => {
    const on = await start('on-behalf-of');
    expect((await list(on)).result.errors).toBeUndefined();
    const added = await add(on, { scope: 'Partners.ReadWrite', user: grace });
    expect(added.result.errors).toBeUndefined();
    const tokens = on.graph.requests.map(({ headers }) => headers.authorization?.slice(7));
    const users = tokens.map(
      (token) => on.authority.issued.find(({ accessToken }) => accessToken === token)?.userObjectId,
    );
    expect(users).toEqual([ada.objectId, grace.objectId]);
  });

  const scopes = ['access_as_user', 'Partners.Read', 'Partners.ReadWrite'];
  const toGraph = 'https://graph.microsoft.com';
  const application: MintWish = { kind: 'application', roles: ['Partners.ReadWrite'] };
  it.each<[string, MintWish, number, object]>([
    ['an expired token', { lifetimeSeconds: -120 }, 401, { reason: 'token-expired' }],
    ['a token for Graph itself', { audience: toGraph }, 401, { reason: 'audience-is-graph' }],
    ['a token of another tenant', { tenant: fabrikam }, 401, { code: 'UNAUTHENTICATED' }],
    ['the token of an application', application, 403, { reason: 'applications-not-allowed' }],
    [
      'a user without a scope of this gateway',
      { scope: 'openid' },
      200,
      { reason: 'permission-missing', requiredScopes: scopes },
    ],
  ])('rejects %s without any outbound request', async (_what, wish, status, extensions) => {
    const on = await start('on-behalf-of');
    const answer = await list(on, wish);
    expect(answer.status).toBe(status);
    expect(errorOf(answer)).toMatchObject(extensions);
    expect(answer.headers['www-authenticate']).toBe(
      status === 401 ? 'Bearer error="invalid_token"' : undefined,
    );
    expect(outboundOf(on)).toEqual([0, 0]);
  });

  it('lets a user who may read do no more than that', async () => {
    const on = await start('on-behalf-of');
    expect((await list(on, { scope: 'Partners.Read' })).status).toBe(200);
    const answer = await add(on, { scope: 'Partners.Read' });
    const requiredScopes = ['Partners.ReadWrite'];
    expect(answer.status).toBe(200);
    expect(errorOf(answer)).toMatchObject({ code: 'FORBIDDEN', requiredScopes });
    expect(on.graph.requests.map(({ method }) => method)).toEqual(['GET']);
  });

  it('hands what the exchange asks of one user to that user, and touches no other', async () => {
    const on = await start('on-behalf-of');
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    const herToken = { endpoint: 'token', userObjectId: ada.objectId } as const;
    on.authority.faults.set({ kind: 'interaction-required', claims }, herToken);
    const [hers, other] = await Promise.all([list(on), list(on, { user: grace })]);
    expect([hers.status, errorOf(hers)]).toMatchObject([200, { code: 'UNAUTHENTICATED', claims }]);
    expect(hers.headers['www-authenticate']).toContain(
      `claims="${Buffer.from(claims).toString('base64')}"`,
    );
    expect(other.status).toBe(200);
  });

  it('gets another token, once, where Graph rejects the one that was kept', async () => {
    const on = await start('on-behalf-of');
    const authorization = `Bearer ${on.authority.mint()}`;
    await on.gateway.run(totalCountQuery, {}, { authorization });
    on.graph.faults.add({ when: { method: 'GET' }, times: 1, respond: { status: 401 } });
    const answer = await on.gateway.run(totalCountQuery, {}, { authorization });
    expect(answer.result.errors).toBeUndefined();
    expect(on.authority.count('token')).toBe(2);
  });

  it('tells who calls from a token that was verified', async () => {
    const on = await start('on-behalf-of');
    const query = '{ viewer { authMode isVerified kind operations { kind isPermitted } } }';
    const { result } = await run(on, { scope: 'Partners.Read' }, query);
    const viewer = { authMode: 'ON_BEHALF_OF', isVerified: true, kind: 'USER' };
    expect(result.data?.['viewer']).toMatchObject(viewer);
    expect(JSON.stringify(result.data)).toContain('{"kind":"WRITE","isPermitted":false}');
    expect(outboundOf(on)).toEqual([0, 0]);
  });
});

describe('with its own permissions', () => {
  it('lets in users by their scopes and applications by their roles, and shows Graph only itself', async () => {
    const own = await start('app-only');
    const application: MintWish = { kind: 'application', roles: ['Partners.ReadWrite'] };
    expect((await list(own)).status).toBe(200);
    expect((await add(own, application)).result.errors).toBeUndefined();
    const issued = own.authority.issued.filter(({ userObjectId }) => userObjectId === undefined);
    expect(own.authority.issued).toEqual(issued);
    expect(own.authority.count('token')).toBe(1);
    expect(issued[0]).toMatchObject({ clientId: gatewayClient.clientId });
  });
});
