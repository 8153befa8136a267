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

const { start: startOne } = useStages();
const { start, closeLater } = useStages(afterAll);
const gateway = await start();
const users = await startIdentityStage('on-behalf-of');
closeLater(users.close);
const own = await startIdentityStage('app-only');
closeLater(own.close);

function expectRefused({ status, result }: Reply, extensions: object = {}): void {
  const message = expect.stringMatching(/Authorization: Bearer|token/);
  const error = { message, extensions: { code: 'UNAUTHENTICATED', ...extensions } };
  expect([status, result]).toEqual([401, { errors: [error] }]);
}

const inFragment = 'fragment A on Query { viewer { authMode } }';
const two = 'query A { __typename } query B { viewer { authMode } }';
const remove =
  'mutation { deleteComplianceManagementPartner(input: { id: "a" }) { userErrors { code } } }';

describe('an operation without a token', () => {
  it.each<[string, object]>([
    ['a query about the caller', { query: '{ viewer { authMode } }' }],
    ['a mutation', { query: remove }],
    ['a field beside introspection', { query: '{ __schema { description } viewer { authMode } }' }],
    ['a field in a fragment of a fragment', { query: `{ ... on Query { ...A } } ${inFragment}` }],
    ['a field that is skipped', { query: '{ __typename viewer @skip(if: true) { authMode } }' }],
    [
      'a field that is not included',
      {
        query: `query A($b: Boolean!) { __typename ...A @include(if: $b) } ${inFragment}`,
        variables: { b: false },
      },
    ],
    ['the chosen one of two operations', { query: two, operationName: 'B' }],
    ['one that is not in the document', { query: 'query A { __typename }', operationName: 'B' }],
  ])('is rejected with 401 if it is %s', async (_what, body) => {
    const answer = await gateway.post(body);
    expectRefused(answer);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    const legacy = await gateway.post(body, { accept: 'application/json' });
    expect(legacy.status).toBe(401);
  });

  it('is rejected with 401 over GET', async () => {
    const query = encodeURIComponent(filtered);
    const variables = encodeURIComponent(JSON.stringify({ filters: [{ displayName: 5 }] }));
    expectRefused(
      await gateway.get(`/graphql?query=${query}&variables=${variables}`, {
        'apollo-require-preflight': '1',
      }),
    );
  });

  it.each<[string, object]>([
    ['introspection', { query: getIntrospectionQuery() }],
    [
      'introspection in a fragment that is spread twice',
      { query: '{ ...A ...A } fragment A on Query { __type(name: "Query") { name } }' },
    ],
    ['the chosen one of two operations', { query: two, operationName: 'A' }],
  ])('is executed if it is %s', async (_what, body) => {
    const answer = await gateway.post(body);
    expect([answer.status, answer.result.errors]).toEqual([200, undefined]);
  });

  it.each([
    ['{ viewer', 'GRAPHQL_PARSE_FAILED'],
    ['{ viewer { nothing } }', 'GRAPHQL_VALIDATION_FAILED'],
    [`{ ${'a: viewer { authMode } '.repeat(400)} }`, 'TOO_MANY_TOKENS'],
  ])('gets the error of its document %s', async (query, code) => {
    const answer = await gateway.post({ query });
    expect([answer.status, answer.codes[0]]).toEqual([400, code]);
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
  it('are coerced only for a caller with a token', async () => {
    expectRefused(await gateway.post({ query: filtered, variables: poisoned }));
    const { status, result } = await gateway.run(filtered, poisoned);
    expect([status, result.errors?.[0]?.extensions['code']]).toEqual([400, 'BAD_USER_INPUT']);
  });

  it('are not normalized for a caller without a token', async () => {
    const query = `query Filtered($text: String) {
      complianceManagementPartners(filter: { or: [${'{ displayName: { contains: $text } } '.repeat(50)}] }) {
        totalCount
      }
    }`;
    const text = `a${'\u0300\u0327'.repeat(14_000)}`;
    expectRefused(await gateway.post({ query, variables: { text } }));
  });

  it.each(['Bearer a b', 'Bearer t\u00f6ken', 'Basic dXNlcjpwYXNzd29yZA=='])(
    'are not coerced for the header "%s"',
    async (authorization) => {
      const body = { query: filtered, variables: poisoned };
      expectRefused(await gateway.post(body, { authorization }));
    },
  );

  it.each<[string, () => IdentityStage]>([
    ['on behalf of users', () => users],
    ['with permissions of its own', () => own],
  ])('are coerced only for a valid token if the gateway acts %s', async (_what, stageOf) => {
    const { gateway: strict, authority } = stageOf();
    const body = { query: filtered, variables: poisoned };
    expectRefused(await strict.post(body), { reason: 'token-missing' });
    const refused = await strict.post(body, { authorization: 'Bearer token' });
    expectRefused(refused, { reason: 'token-malformed' });
    expect(refused.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    const expired = authority.mint({ lifetimeSeconds: -120 });
    expectRefused(await strict.post(body, { authorization: `Bearer ${expired}` }), {
      reason: 'token-expired',
    });
    const valid = await strict.post(body, { authorization: `Bearer ${authority.mint()}` });
    expect([valid.status, valid.codes[0]]).toEqual([400, 'BAD_USER_INPUT']);
    expect((await strict.post({ query: '{ __typename }' })).root).toBe('Query');
  });

  it('are not coerced for a trusted document either', async () => {
    const folder = createManifestFolder();
    const hash = createHash('sha256').update(filtered).digest('hex');
    const trusting = await startOne({
      TRUSTED_DOCUMENTS_MODE: 'enforce',
      TRUSTED_DOCUMENTS_PATH: folder.write({ [hash]: filtered }),
    });
    const answer = await trusting.post({ documentId: hash, variables: poisoned });
    folder.remove();
    expectRefused(answer);
  });
});
