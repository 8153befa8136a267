import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/shared/clock.ts';
import type { MintWish } from '../support/authority/mint.ts';
import { ada, contoso, fabrikam, gatewayClient, grace } from '../support/authority/people.ts';
import { useClosing } from '../support/closing.ts';
import { addMutation, totalCountQuery } from '../support/documents.ts';
import { type IdentityStage, startIdentityStage } from '../support/identityStage.ts';

const closeLater = useClosing();

async function start(...args: Parameters<typeof startIdentityStage>): Promise<IdentityStage> {
  const stage = await startIdentityStage(...args);
  closeLater(stage.close);
  return stage;
}

const run = (stage: IdentityStage, wish: MintWish, query: string, input?: object) => {
  const authorization = `Bearer ${stage.authority.mint(wish)}`;
  return stage.gateway.run(query, { input }, { authorization });
};
const list = (stage: IdentityStage, wish: MintWish = {}) => run(stage, wish, totalCountQuery);
const add = (stage: IdentityStage, wish: MintWish) =>
  run(stage, wish, addMutation, { displayName: 'Fleet' });
const errorOf = ({ result }: Awaited<ReturnType<typeof list>>) => result.errors?.[0]?.extensions;
const requiredScopes = ['access_as_user', 'Partners.Read', 'Partners.ReadWrite'];
const writer: MintWish = { scope: 'Partners.ReadWrite' };

describe('on behalf of users', () => {
  it("exchanges each user's token, and shows Graph nothing but what it got for it", async () => {
    const on = await start('on-behalf-of');
    expect((await list(on)).result.errors).toBeUndefined();
    expect((await add(on, { ...writer, user: grace })).result.errors).toBeUndefined();
    const tokens = on.graph.requests.map(({ headers }) => headers.authorization?.slice(7));
    const users = tokens.map(
      (token) => on.authority.issued.find(({ accessToken }) => accessToken === token)?.userObjectId,
    );
    expect(users).toEqual([ada.objectId, grace.objectId]);
  });

  it('rejects callers by the status that fits, and tells who they are, without any outbound request', async () => {
    const on = await start('on-behalf-of');
    const application: MintWish = { kind: 'application', roles: ['Partners.ReadWrite'] };
    const toGraph = 'https://graph.microsoft.com';
    const missing = { code: 'FORBIDDEN', reason: 'permission-missing', requiredScopes };
    const toWrite = { ...missing, requiredScopes: ['Partners.ReadWrite'] };
    for (const [ask, wish, status, extensions] of [
      [list, { lifetimeSeconds: -120 }, 401, { reason: 'token-expired' }],
      [list, { audience: toGraph }, 401, { reason: 'audience-is-graph' }],
      [list, { tenant: fabrikam }, 401, { code: 'UNAUTHENTICATED' }],
      [list, application, 403, { reason: 'applications-not-allowed' }],
      [list, { scope: 'openid' }, 200, missing],
      [add, { scope: 'Partners.Read' }, 200, toWrite],
    ] as const) {
      const answer = await ask(on, wish);
      const challenge = status === 401 ? 'Bearer error="invalid_token"' : undefined;
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([status, challenge]);
      expect(errorOf(answer)).toMatchObject(extensions);
    }
    const query = '{ viewer { authMode isVerified kind operations { kind isPermitted } } }';
    const { result } = await run(on, { scope: 'Partners.Read' }, query);
    const viewer = { authMode: 'ON_BEHALF_OF', isVerified: true, kind: 'USER' };
    expect(result.data?.['viewer']).toMatchObject(viewer);
    expect(JSON.stringify(result.data)).toContain('{"kind":"WRITE","isPermitted":false}');
    expect([on.graph.requests.length, on.authority.count('token')]).toEqual([0, 0]);
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
    expect(other.result.errors).toBeUndefined();
  });
});

describe('with its own permissions', () => {
  it('demands of users and applications what reads need, and shows Graph only itself', async () => {
    const own = await start('app-only');
    const subgraph = await start('app-only', { FEDERATION: 'subgraph' });
    const application: MintWish = { kind: 'application', roles: ['Partners.ReadWrite'] };
    const representation = '{ __typename: "ComplianceManagementPartner", id: "a" }';
    for (const field of [
      'complianceManagementPartner(id: "a") { id }',
      'complianceManagementPartners { totalCount }',
      'node(id: "a") { id }',
      'nodes(ids: ["a"]) { id }',
      `_entities(representations: [${representation}]) { __typename }`,
    ]) {
      const one = field.startsWith('_') ? subgraph : own;
      const rejected = errorOf(await run(one, { scope: 'openid' }, `{ ${field} }`));
      expect(rejected).toMatchObject({ code: 'FORBIDDEN', requiredScopes });
      const { result } = await run(one, { scope: 'Partners.Read' }, `{ ${field} }`);
      expect(result.errors).toBeUndefined();
    }
    expect((await add(own, application)).result.errors).toBeUndefined();
    const { clientId } = gatewayClient;
    expect(own.authority.issued).toMatchObject([{ clientId }]);
    expect(own.authority.issued[0]).not.toHaveProperty('userObjectId');
    expect(own.authority.count('token')).toBe(1);
  });
});

it.each([
  ['on-behalf-of', "the user's", undefined],
  ['app-only', 'its own', 'THROTTLED'],
] as const)('counts what it sends %s for %s tenant', async (mode, _whose, code) => {
  const AUTH_TENANTS = `${contoso.id},${fabrikam.id}`;
  // The budget's window does not end, however slow the machine is.
  const nowMs = Date.now();
  const clock = { ...systemClock, now: () => nowMs };
  const environment = { AUTH_TENANTS, GRAPH_WRITE_BUDGET: '1' };
  const stage = await start(mode, environment, { clock, now: clock.now });
  const codes: unknown[] = [];
  for (const tenant of [contoso, contoso, fabrikam]) {
    const version = codes.length === 0 ? '2.0' : '1.0';
    codes.push(errorOf(await add(stage, { ...writer, tenant, version }))?.['code']);
  }
  expect(codes).toEqual([undefined, 'THROTTLED', code]);
  expect(stage.authority.requests[0]?.tenant).toBe('organizations');
});
