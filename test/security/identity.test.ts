import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import { buildSchema, getIntrospectionQuery } from 'graphql';
import { readSdl } from '../../src/graphql/schema.ts';
import type { MintWish } from '../support/authority/mint.ts';
import { contoso, fabrikam } from '../support/authority/people.ts';
import { createAuthorityKey } from '../support/authority/signingKeys.ts';
import { addMutation, totalCountQuery } from '../support/documents.ts';
import { type IdentityStage, startIdentityStage } from '../support/identityStage.ts';
import { createManifestFolder } from '../support/persistedDocuments.ts';
import { json } from '../support/scriptedServer.ts';
import { times, useStages } from '../support/stages.ts';
import type { Reply } from '../support/testGateways.ts';

const filtered = `query Filtered($filters: [ComplianceManagementPartnerFilter!]) {
  complianceManagementPartners(filter: { or: $filters }) { totalCount }
}`;
const poisoned = { filters: Array.from({ length: 90 }, () => ({ displayName: 5 })) };

const { scripted } = useStages();
const { start, closeLater } = useStages(afterAll);
const production = { NODE_ENV: 'production' };
const folder = createManifestFolder();
const hash = createHash('sha256').update(filtered).digest('hex');
const gateway = await start();
const trusting = await start({
  TRUSTED_DOCUMENTS_MODE: 'enforce',
  TRUSTED_DOCUMENTS_PATH: folder.write({ [hash]: filtered }),
});
const users = await startIdentityStage('on-behalf-of', production);
const own = await startIdentityStage('app-only', production);
closeLater(users.close, own.close, folder.remove);

const list = ({ gateway }: IdentityStage, token: string) =>
  gateway.run(totalCountQuery, {}, { authorization: token === '' ? '' : `Bearer ${token}` });
const input = { displayName: 'Fleet' };
const add = ({ gateway }: IdentityStage, token: string) =>
  gateway.run(addMutation, { input }, { authorization: `Bearer ${token}` });
const outboundOf = ({ graph, authority }: IdentityStage) => [
  graph.requests.length,
  authority.count('token'),
];

const now = Math.floor(Date.now() / 1000);
const { privateKey: strangersKey } = createAuthorityKey();

/** A token whose header, or whose claims, were changed after it was signed. */
function forged(token: string, part: 0 | 1, change: object): string {
  const parts = token.split('.');
  const original = JSON.parse(Buffer.from(parts[part] ?? '', 'base64url').toString()) as object;
  const text = JSON.stringify({ ...original, ...change });
  return parts.with(part, Buffer.from(text).toString('base64url')).join('.');
}
const elsewhere = { jku: 'https://evil.example/keys' };

const probes: readonly (readonly [string, (mint: (wish?: MintWish) => string) => string])[] = [
  ['no token', () => ''],
  ['a word', () => 'token'],
  ['two parts', (mint) => mint().split('.').slice(0, 2).join('.')],
  ['five parts', (mint) => `${mint()}.a.b`],
  ['alg none', (mint) => forged(mint(), 0, { alg: 'none' }).replace(/[^.]*$/, '')],
  ['alg None with the signature', (mint) => forged(mint(), 0, { alg: 'None' })],
  ['HS256 with the public key', (mint) => mint({ header: { alg: 'HS256' } })],
  ['RS512', (mint) => mint({ header: { alg: 'RS512' } })],
  ['ES256', (mint) => mint({ header: { alg: 'ES256' } })],
  ["a stranger's key under the right kid", (mint) => mint({ signWith: strangersKey })],
  ['an unknown kid', (mint) => mint({ header: { kid: 'nobody' } })],
  ['no kid', (mint) => mint({ header: { kid: undefined } })],
  ['a kid that is a path', (mint) => mint({ header: { kid: '../../dev/null' } })],
  ['a jwk of its own', (mint) => mint({ signWith: strangersKey, header: { jwk: { kty: 'RSA' } } })],
  ['a jku of its own', (mint) => mint({ signWith: strangersKey, header: elsewhere })],
  ['crit', (mint) => mint({ header: { crit: ['exp'] } })],
  ['another payload', (mint) => forged(mint(), 1, { scp: 'Partners.ReadWrite', x: 1 })],
  ['no signature', (mint) => mint().replace(/[^.]*$/, '')],
  ['a cut signature', (mint) => mint().slice(0, -10)],
  ['an expired token', (mint) => mint({ lifetimeSeconds: -61 })],
  ['a token of tomorrow', (mint) => mint({ claims: { nbf: now + 86_400 } })],
  ['no expiry', (mint) => mint({ claims: { exp: undefined } })],
  ['another audience', (mint) => mint({ audience: 'api://somebody-else' })],
  ["Graph's audience", (mint) => mint({ audience: 'https://graph.microsoft.com' })],
  ['another issuer', (mint) => mint({ claims: { iss: 'https://evil.example' } })],
  ['an ID token', (mint) => mint({ claims: { scp: undefined } })],
  ['more than 16 KiB', (mint) => mint({ claims: { filler: 'x'.repeat(12_000) } })],
];

describe('who calls', () => {
  it('[53] JWT probes: rejects each of 27 false tokens without any outbound request', async () => {
    expect(probes).toHaveLength(27);
    const before = outboundOf(users);
    for (const [name, probe] of probes) {
      const answer = await list(users, probe(users.authority.mint));
      const isRefused = [400, 401, 431].includes(answer.status) && !answer.text.includes('"nodes"');
      expect([name, answer.status, isRefused]).toEqual([name, answer.status, true]);
    }
    expect(outboundOf(users)).toEqual(before);
    expect((await list(users, users.authority.mint())).result.errors).toBeUndefined();
  });

  it('[54] tenant mix-up: a tenant that is not let in cannot borrow the name of one that is', async () => {
    const { authority } = users;
    const before = users.graph.requests.length;
    for (const wish of [
      { tenant: fabrikam },
      { tenant: fabrikam, claims: { tid: contoso.id } },
      { claims: { tid: fabrikam.id } },
      { claims: { tid: 'common' } },
      { tenant: fabrikam, version: '1.0' as const },
    ]) {
      expect((await list(users, authority.mint(wish))).status).toBe(401);
    }
    expect(users.graph.requests).toHaveLength(before);
  });

  it('[55] scp against roles: neither counts for the other, and rejects tokens without both', async () => {
    const { mint } = own.authority;
    const before = outboundOf(own);
    const kind = 'application';
    const roles = ['Partners.ReadWrite'];
    const both = { idtyp: 'app', scp: 'Partners.ReadWrite' };
    const wishes: readonly (readonly [MintWish, string])[] = [
      [{ scope: 'openid', claims: { roles } }, '200 FORBIDDEN'],
      [{ kind, roles: [] }, '403 FORBIDDEN'],
      [{ kind, roles: ['Other'] }, '200 FORBIDDEN'],
      [{ kind, roles: ['Other'], claims: { idtyp: 'app' } }, '200 FORBIDDEN'],
      [{ kind, roles: ['Other'], claims: both }, '401 UNAUTHENTICATED'],
    ];
    for (const [wish, outcome] of wishes) {
      for (const { status, codes } of [await list(own, mint(wish)), await add(own, mint(wish))]) {
        expect(`${status} ${codes}`).toBe(outcome);
      }
    }
    expect((await add(own, mint({ scope: 'Partners.Read' }))).codes).toEqual(['FORBIDDEN']);
    expect(outboundOf(own)).toEqual(before);
    expect((await add(own, mint({ kind, roles }))).result.errors).toBeUndefined();
  });

  it('[56] anonymous in app-only: rejects every query and mutation without a token', async () => {
    const before = outboundOf(own);
    const schema = buildSchema(readSdl());
    const known = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}),
    );
    const errors = '{ userErrors { code } }';
    const target = 'platform: IOS, target: { allDevices: {} }';
    const documents = [
      'query { complianceManagementPartner(id: "a") { id } }',
      'query { complianceManagementPartners { totalCount } }',
      'query { node(id: "a") { id } }',
      'query { nodes(ids: ["a"]) { id } }',
      'query { viewer { authMode } }',
      `mutation { addComplianceManagementPartner(input: { displayName: "a" }) ${errors} }`,
      `mutation { updateComplianceManagementPartner(input: { id: "a" }) ${errors} }`,
      `mutation { deleteComplianceManagementPartner(input: { id: "a" }) ${errors} }`,
      `mutation { addEnrollmentAssignment(input: { id: "a", ${target} }) ${errors} }`,
      `mutation { removeEnrollmentAssignment(input: { id: "a", ${target} }) ${errors} }`,
    ];
    expect(documents.map((text) => /\{ (\w+)/.exec(text)?.[1]).sort()).toEqual(known.sort());
    for (const document of documents) {
      const answer = await own.gateway.run(document, {}, { authorization: '' });
      const extensions = { code: 'UNAUTHENTICATED', reason: 'token-missing' };
      expect([document, answer.status, answer.extensions]).toEqual([document, 401, extensions]);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
    expect(outboundOf(own)).toEqual(before);
  });

  it('[57] crossing: two users who ask at the same moment see their own answers only', async () => {
    const { gateway } = await scripted((response, seen) => {
      const displayName = String(seen.headers.authorization).replace('Bearer token-of-', '');
      const answer = json(200, { value: [{ id: 'row', displayName }] });
      setTimeout(() => answer(response, seen), displayName === 'ada' ? 10 : 1);
    }, production);
    const people = Array.from({ length: 40 }, (_one, index) => (index % 2 ? 'ada' : 'grace'));
    const ask = (name: string) =>
      gateway.run(totalCountQuery, {}, { authorization: `Bearer token-of-${name}` });
    const answers = await Promise.all(people.map(ask));
    const names = answers.map(({ text }) => /"displayName":"(\w+)"/.exec(text)?.[1]);
    expect(names).toEqual(people);
  });
});

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
    // Of the processor, so that other processes do not count.
    const costOf = async (operations: number): Promise<number> => {
      const query = `{ __typename @skip(if: 5) } ${times(operations, (n) => `query q${n}{a}`)}`;
      const before = process.cpuUsage();
      expect((await gateway.post({ query })).codes[0]).toBe('GRAPHQL_VALIDATION_FAILED');
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    const costs = { few: Infinity, many: Infinity };
    for (let round = 0; round < 5; round += 1) {
      costs.few = Math.min(costs.few, await costOf(30));
      costs.many = Math.min(costs.many, await costOf(190));
    }
    // Six times the operations cost six times as much; once it was the square of that.
    expect(costs.many).toBeLessThan(20 * costs.few);
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
