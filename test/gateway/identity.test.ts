import { afterEach, describe, expect, it } from '@jest/globals';
import { buildSchema, type GraphQLField } from 'graphql';
import { readSdl } from '../../src/graphql/schema.ts';
import type { MintWish } from '../support/authority/mint.ts';
import { ada, fabrikam, gatewayClient, grace } from '../support/authority/people.ts';
import { addMutation, totalCountQuery } from '../support/documents.ts';
import { type IdentityStage, startIdentityStage } from '../support/identityStage.ts';

let stage: IdentityStage | undefined;

afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

async function start(...args: Parameters<typeof startIdentityStage>): Promise<IdentityStage> {
  stage = await startIdentityStage(...args);
  return stage;
}

const writer: MintWish = { scope: 'Partners.ReadWrite' };

const list = ({ gateway, authority }: IdentityStage, wish: MintWish = {}) =>
  gateway.run(totalCountQuery, {}, { authorization: `Bearer ${authority.mint(wish)}` });
const add = ({ gateway, authority }: IdentityStage, wish: MintWish = {}) =>
  gateway.run(
    addMutation,
    { input: { displayName: 'Fleet' } },
    { authorization: `Bearer ${authority.mint(wish)}` },
  );
const errorOf = ({ result }: Awaited<ReturnType<typeof list>>) => result.errors?.[0]?.extensions;

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

  it.each<[string, MintWish, number, object]>([
    ['a token that has expired', { lifetimeSeconds: -120 }, 401, { reason: 'token-expired' }],
    [
      'a token for Graph itself',
      { audience: 'https://graph.microsoft.com' },
      401,
      { reason: 'audience-is-graph' },
    ],
    ['a token of another tenant', { tenant: fabrikam }, 401, { code: 'UNAUTHENTICATED' }],
    [
      'the token of an application',
      { kind: 'application', roles: ['Partners.ReadWrite'] },
      403,
      { reason: 'applications-not-allowed' },
    ],
    [
      'a user without a scope of this gateway',
      { scope: 'openid' },
      200,
      {
        reason: 'permission-missing',
        requiredScopes: ['access_as_user', 'Partners.Read', 'Partners.ReadWrite'],
      },
    ],
  ])('rejects %s without any outbound request', async (_what, wish, status, extensions) => {
    const on = await start('on-behalf-of');
    const answer = await list(on, wish);
    expect(answer.status).toBe(status);
    expect(errorOf(answer)).toMatchObject(extensions);
    expect(answer.headers['www-authenticate']).toBe(
      status === 401 ? 'Bearer error="invalid_token"' : undefined,
    );
    expect([on.graph.requests.length, on.authority.count('token')]).toEqual([0, 0]);
  });

  it('lets a user who may read do no more than that', async () => {
    const on = await start('on-behalf-of');
    expect((await list(on, { scope: 'Partners.Read' })).status).toBe(200);
    const answer = await add(on, { scope: 'Partners.Read' });
    expect(answer.status).toBe(200);
    expect(errorOf(answer)).toMatchObject({
      code: 'FORBIDDEN',
      requiredScopes: ['Partners.ReadWrite'],
    });
    expect(on.graph.requests.map(({ method }) => method)).toEqual(['GET']);
  });

  it('hands what the exchange asks of one user to that user, and touches no other', async () => {
    const on = await start('on-behalf-of');
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    on.authority.faults.set(
      { kind: 'interaction-required', claims },
      { endpoint: 'token', userObjectId: ada.objectId },
    );
    const [hers, other] = await Promise.all([list(on), list(on, { user: grace })]);
    expect([hers.status, errorOf(hers)]).toMatchObject([200, { code: 'UNAUTHENTICATED', claims }]);
    expect(hers.headers['www-authenticate']).toContain(
      `claims="${Buffer.from(claims).toString('base64')}"`,
    );
    expect(other.status).toBe(200);
  });

  it('gets another token, once, where Graph refuses the one that was kept', async () => {
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
    const authorization = `Bearer ${on.authority.mint({ scope: 'Partners.Read' })}`;
    const { result } = await on.gateway.run(query, {}, { authorization });
    expect(result.data?.['viewer']).toMatchObject({
      authMode: 'ON_BEHALF_OF',
      isVerified: true,
      kind: 'USER',
    });
    expect(JSON.stringify(result.data)).toContain('{"kind":"WRITE","isPermitted":false}');
    expect([on.graph.requests.length, on.authority.count('token')]).toEqual([0, 0]);
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

  it.each<[string, MintWish, number]>([
    ['an application without roles', { kind: 'application', roles: [] }, 403],
    ['an application with other roles', { kind: 'application', roles: ['Other'] }, 200],
    [
      "a user with an application's roles",
      { scope: 'openid', claims: { roles: ['Partners.ReadWrite'] } },
      200,
    ],
  ])('does not lend them to %s', async (_what, wish, status) => {
    const own = await start('app-only');
    for (const answer of [await list(own, wish), await add(own, wish)]) {
      expect([answer.status, errorOf(answer)?.['code']]).toEqual([status, 'FORBIDDEN']);
    }
    expect([own.graph.requests.length, own.authority.count('token')]).toEqual([0, 0]);
  });

  it('rejects every query and mutation without a token', async () => {
    const own = await start('app-only');
    const schema = buildSchema(readSdl());
    const documents = [
      ...Object.values(schema.getQueryType()?.getFields() ?? {}).map(documentOf('query')),
      ...Object.values(schema.getMutationType()?.getFields() ?? {}).map(documentOf('mutation')),
    ];
    expect(documents).toHaveLength(10);
    for (const document of documents) {
      const answer = await own.gateway.run(document, {}, { authorization: '' });
      expect([document, answer.status, errorOf(answer)]).toEqual([
        document,
        401,
        { code: 'UNAUTHENTICATED', reason: 'token-missing' },
      ]);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
    expect([own.graph.requests.length, own.authority.count('token')]).toEqual([0, 0]);
  });
});

const inputs: Readonly<Record<string, string>> = {
  complianceManagementPartner: '(id: "a") { id }',
  complianceManagementPartners: ' { totalCount }',
  node: '(id: "a") { id }',
  nodes: '(ids: ["a"]) { id }',
  viewer: ' { authMode }',
  addComplianceManagementPartner: '(input: { displayName: "a" }) { userErrors { code } }',
  updateComplianceManagementPartner: '(input: { id: "a" }) { userErrors { code } }',
  deleteComplianceManagementPartner: '(input: { id: "a" }) { userErrors { code } }',
};
const assignment =
  '(input: { id: "a", platform: IOS, target: { allDevices: {} } }) { userErrors { code } }';

function documentOf(kind: 'query' | 'mutation') {
  return ({ name }: GraphQLField<unknown, unknown>): string =>
    `${kind} { ${name}${inputs[name] ?? assignment} }`;
}
