import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { type IdentityStage, startIdentityStage } from '../../support/identityStage.ts';
import { createManifestFolder } from '../../support/persistedDocuments.ts';
import { times, useStages } from '../../support/stages.ts';
import type { Reply } from '../../support/testGateways.ts';

const filtered = `query Filtered($filters: [ComplianceManagementPartnerFilter!]) {
  complianceManagementPartners(filter: { or: $filters }) { totalCount }
}`;
const poisoned = { filters: Array.from({ length: 90 }, () => ({ displayName: 5 })) };

const { start, closeLater } = useStages(afterAll);
const folder = createManifestFolder();
const hash = createHash('sha256').update(filtered).digest('hex');
const gateway = await start();
const trusting = await start({
  TRUSTED_DOCUMENTS_MODE: 'enforce',
  TRUSTED_DOCUMENTS_PATH: folder.write({ [hash]: filtered }),
});
const users = await startIdentityStage('on-behalf-of');
const own = await startIdentityStage('app-only');
closeLater(users.close, own.close, folder.remove);

function expectRefused({ status, result }: Reply, extensions: object = {}): void {
  const message = expect.stringMatching(/Authorization: Bearer|token/);
  const error = { message, extensions: { code: 'UNAUTHENTICATED', ...extensions } };
  expect([status, result]).toEqual([401, { errors: [error] }]);
}

const inFragment = 'fragment A on Query { viewer { authMode } }';
const two = 'query A { __typename } query B { viewer { authMode } }';
const remove =
  'mutation { deleteComplianceManagementPartner(input: { id: "a" }) { userErrors { code } } }';
const notIncluded = `query A($b: Boolean!) { __typename ...A @include(if: $b) } ${inFragment}`;
const introspectionTwice = '{ ...A ...A } fragment A on Query { __type(name: "Query") { name } }';
const tooLong = `{ ${'a: viewer { authMode } '.repeat(400)} }`;

describe('an operation without a token', () => {
  it.each<[string, object]>([
    ['a query about the caller', { query: '{ viewer { authMode } }' }],
    ['a mutation', { query: remove }],
    ['a field beside introspection', { query: '{ __schema { description } viewer { authMode } }' }],
    ['a field in a fragment of a fragment', { query: `{ ... on Query { ...A } } ${inFragment}` }],
    ['a field that is skipped', { query: '{ __typename viewer @skip(if: true) { authMode } }' }],
    ['a field that is not included', { query: notIncluded, variables: { b: false } }],
    ['the chosen one of two operations', { query: two, operationName: 'B' }],
    ['one that is not in the document', { query: 'query A { __typename }', operationName: 'B' }],
    // Their values are wrong, and are not worked on.
    ['one with wrong variables', { query: filtered, variables: poisoned }],
  ])('is rejected with 401 if it is %s', async (_what, body) => {
    const answer = await gateway.post(body);
    expectRefused(answer);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect((await gateway.post(body, { accept: 'application/json' })).status).toBe(401);
    const { query, ...rest } = body as Record<string, string>;
    const search = new URLSearchParams({ query: `${query}` });
    for (const [name, value] of Object.entries(rest)) {
      search.set(name, typeof value === 'string' ? value : JSON.stringify(value));
    }
    const got = await gateway.get(`/graphql?${search}`, { 'apollo-require-preflight': '1' });
    expect(got.status).toBe(query === remove ? 405 : 401);
  });

  it.each<[number, string | undefined, object]>([
    [200, undefined, { query: getIntrospectionQuery() }],
    [200, undefined, { query: introspectionTwice }],
    [200, undefined, { query: two, operationName: 'A' }],
    [400, 'GRAPHQL_PARSE_FAILED', { query: '{ viewer' }],
    [400, 'GRAPHQL_VALIDATION_FAILED', { query: '{ viewer { nothing } }' }],
    [400, 'TOO_MANY_TOKENS', { query: tooLong }],
  ])('is answered with %i %s if a token would change nothing', async (status, code, body) => {
    const answer = await gateway.post(body);
    expect([answer.status, answer.codes[0]]).toEqual([status, code]);
  });

  it('takes time like its document if a value is wrong beside many operations', async () => {
    const timeOf = async (operations: number): Promise<number> => {
      const query = `{ __typename @skip(if: 5) } ${times(operations, (n) => `query q${n}{a}`)}`;
      const startedMs = performance.now();
      expect((await gateway.post({ query })).codes[0]).toBe('GRAPHQL_VALIDATION_FAILED');
      return performance.now() - startedMs;
    };
    const bestOf = async (operations: number): Promise<number> =>
      Math.min(await timeOf(operations), await timeOf(operations), await timeOf(operations));
    // It was 300 ms for 190 operations, and 8 for 30.
    expect(await bestOf(190)).toBeLessThan(10 * (await bestOf(30)));
  });
});

describe('the variables of an operation', () => {
  const body = { query: filtered, variables: poisoned };

  it('are coerced only for a caller with a token, of a trusted document too', async () => {
    for (const authorization of ['', 'Bearer a b', 'Bearer t\u00f6ken', 'Basic dXNlcjpwYXNz']) {
      expectRefused(await gateway.post(body, { authorization }));
    }
    expectRefused(await trusting.post({ documentId: hash, variables: poisoned }));
    const { status, codes } = await gateway.run(filtered, poisoned);
    expect([status, codes[0]]).toEqual([400, 'BAD_USER_INPUT']);
  });

  it.each<[string, IdentityStage]>([
    ['on behalf of users', users],
    ['with permissions of its own', own],
  ])('are coerced only for a valid token if the gateway acts %s', async (_what, stage) => {
    const { gateway: strict, authority } = stage;
    const ask = (token: string) => strict.post(body, { authorization: `Bearer ${token}` });
    expectRefused(await strict.post(body), { reason: 'token-missing' });
    const refused = await ask('token');
    expectRefused(refused, { reason: 'token-malformed' });
    expect(refused.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    const expired = await ask(authority.mint({ lifetimeSeconds: -120 }));
    expectRefused(expired, { reason: 'token-expired' });
    const valid = await ask(authority.mint());
    expect([valid.status, valid.codes[0]]).toEqual([400, 'BAD_USER_INPUT']);
    expect((await strict.post({ query: '{ __typename }' })).root).toBe('Query');
  });
});
