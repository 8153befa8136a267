import { afterAll, describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { readSdl } from '../../src/graphql/schema.ts';
import type { MintWish } from '../support/authority/mint.ts';
import { contoso, fabrikam } from '../support/authority/people.ts';
import { createAuthorityKey } from '../support/authority/signingKeys.ts';
import { useClosing } from '../support/closing.ts';
import { addMutation, totalCountQuery } from '../support/documents.ts';
import { type IdentityStage, startIdentityStage } from '../support/identityStage.ts';
import { json } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';

const { scripted } = useStages();
const closeLater = useClosing(afterAll);
const production = { NODE_ENV: 'production' };
const users = await startIdentityStage('on-behalf-of', production);
closeLater(users.close);
const own = await startIdentityStage('app-only', production);
closeLater(own.close);

const list = ({ gateway }: IdentityStage, token: string) =>
  gateway.run(totalCountQuery, {}, { authorization: token === '' ? '' : `Bearer ${token}` });
const input = { displayName: 'Fleet' };
const add = ({ gateway }: IdentityStage, token: string) =>
  gateway.run(addMutation, { input }, { authorization: `Bearer ${token}` });
const outboundOf = ({ graph, authority }: IdentityStage) => [
  graph.requests.length,
  authority.count('token'),
];

const base64url = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url');
const now = Math.floor(Date.now() / 1000);
const { privateKey: strangersKey } = createAuthorityKey();

function forged(token: string, header: object, signature?: string): string {
  const [, payload = '', own = ''] = token.split('.');
  return [base64url(header), payload, signature ?? own].join('.');
}

function withPayload(token: string, change: object): string {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  return [header, base64url({ ...claims, ...change }), signature].join('.');
}

const probes: readonly (readonly [string, (mint: (wish?: MintWish) => string) => string])[] = [
  ['no token', () => ''],
  ['a word', () => 'token'],
  ['two parts', (mint) => mint().split('.').slice(0, 2).join('.')],
  ['five parts', (mint) => `${mint()}.a.b`],
  ['alg none', (mint) => forged(mint(), { alg: 'none', typ: 'JWT' }, '')],
  ['alg None with the signature', (mint) => forged(mint(), { alg: 'None', typ: 'JWT' })],
  ['HS256 with the public key', (mint) => mint({ header: { alg: 'HS256' } })],
  ['RS512', (mint) => mint({ header: { alg: 'RS512' } })],
  ['ES256', (mint) => mint({ header: { alg: 'ES256' } })],
  ["a stranger's key under the right kid", (mint) => mint({ signWith: strangersKey })],
  ['an unknown kid', (mint) => mint({ header: { kid: 'nobody' } })],
  ['no kid', (mint) => mint({ header: { kid: undefined } })],
  ['a kid that is a path', (mint) => mint({ header: { kid: '../../dev/null' } })],
  ['a jwk of its own', (mint) => mint({ signWith: strangersKey, header: { jwk: { kty: 'RSA' } } })],
  [
    'a jku of its own',
    (mint) => mint({ signWith: strangersKey, header: { jku: 'https://evil.example/keys' } }),
  ],
  ['crit', (mint) => mint({ header: { crit: ['exp'] } })],
  ['another payload', (mint) => withPayload(mint(), { scp: 'Partners.ReadWrite', x: 1 })],
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
    const tokens = [
      authority.mint({ tenant: fabrikam }),
      authority.mint({ tenant: fabrikam, claims: { tid: contoso.id } }),
      authority.mint({ claims: { tid: fabrikam.id } }),
      authority.mint({ claims: { tid: 'common' } }),
      authority.mint({ tenant: fabrikam, version: '1.0' }),
    ];
    for (const token of tokens) {
      expect((await list(users, token)).status).toBe(401);
    }
    expect(users.graph.requests).toHaveLength(before);
  });

  it('[55] scp against roles: neither counts for the other, and rejects tokens without both', async () => {
    const { mint } = own.authority;
    const before = outboundOf(own);
    const idtyp = 'app';
    const roles = ['Partners.ReadWrite'];
    for (const [wish, outcome] of [
      [{ scope: 'openid', claims: { roles } }, [200, 'FORBIDDEN']],
      [{ kind: 'application', roles: [] }, [403, 'FORBIDDEN']],
      [{ kind: 'application', roles: ['Other'] }, [200, 'FORBIDDEN']],
      [{ kind: 'application', roles: ['Other'], claims: { idtyp } }, [200, 'FORBIDDEN']],
      [
        { kind: 'application', roles: ['Other'], claims: { idtyp, scp: 'Partners.ReadWrite' } },
        [401, 'UNAUTHENTICATED'],
      ],
    ] as const) {
      for (const answer of [await list(own, mint(wish)), await add(own, mint(wish))]) {
        expect([answer.status, ...answer.codes]).toEqual(outcome);
      }
    }
    expect((await add(own, mint({ scope: 'Partners.Read' }))).codes).toEqual(['FORBIDDEN']);
    expect(outboundOf(own)).toEqual(before);
    const application = mint({ kind: 'application', roles });
    expect((await add(own, application)).result.errors).toBeUndefined();
  });

  it('[56] anonymous in app-only: rejects every query and mutation without a token', async () => {
    const before = outboundOf(own);
    const schema = buildSchema(readSdl());
    const documents = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}).map(
        (name) => `${type?.name.toLowerCase()} { ${name}${inputs[name] ?? assignment} }`,
      ),
    );
    expect(documents).toHaveLength(10);
    for (const document of documents) {
      const answer = await own.gateway.run(document, {}, { authorization: '' });
      expect([document, answer.status, answer.extensions]).toEqual([
        document,
        401,
        { code: 'UNAUTHENTICATED', reason: 'token-missing' },
      ]);
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
    const answers = await Promise.all(
      people.map((name) =>
        gateway.run(totalCountQuery, {}, { authorization: `Bearer token-of-${name}` }),
      ),
    );
    const names = answers.map(({ text }) => /"displayName":"(\w+)"/.exec(text)?.[1]);
    expect(names).toEqual(people);
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
