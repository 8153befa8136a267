import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Caller, TokenRules } from '../../src/identity/claims.ts';
import { IdentityError } from '../../src/identity/errors.ts';
import { loadKeySet } from '../../src/identity/keys.ts';
import { createIdentify } from '../../src/identity/verifyToken.ts';
import { Secret } from '../../src/shared/secret.ts';
import { claimsOf, type MintWish, mint, signToken } from '../support/authority/mint.ts';
import {
  ada,
  contoso,
  fabrikam,
  frontendClientId,
  frontendServiceId,
  gatewayClient,
  grace,
} from '../support/authority/people.ts';
import { createAuthorityKey } from '../support/authority/signingKeys.ts';

type IdentityReason = IdentityError['reason'];

/** When all tokens of these tests are minted and judged. */
const nowMs = Date.UTC(2026, 1, 11, 8, 30, 5);
const url = 'https://login.example';
const v1Issuer = 'https://sts.windows.net';
const issuerOf = (tenant: string) => `${url}/${tenant}/v2.0`;
const guid = gatewayClient.clientId;
const defaults: TokenRules = {
  authority: new URL(url),
  tenantIds: [contoso.id, fabrikam.id],
  audiences: [guid, `api://${guid}`],
  kinds: ['user', 'application'],
};

const authorityKey = createAuthorityKey();
/** A key of the same kind that is not published. */
const strangersKey = createAuthorityKey();
/** Published too, but for one tenant only. */
const fabrikamsKey = createAuthorityKey();
const ofAll = { ...authorityKey.jwk, issuer: issuerOf('{tenantid}') };
const ofFabrikam = { ...fabrikamsKey.jwk, issuer: issuerOf(fabrikam.id) };
const documents: unknown[] = [
  { issuer: issuerOf('{tenantid}'), jwks_uri: `${url}/keys` },
  { keys: [ofAll, ofFabrikam] },
];
const { signal } = new AbortController();
const published = loadKeySet(defaults, async () => documents.shift(), signal);

const minter = { url, v1Issuer, defaultAudience: guid, key: authorityKey, nowMs };
/** Mints with the authority's key, for the gateway and Ada in Contoso unless something else is wished. */
const mintToken = (wish: MintWish = {}, key = authorityKey) => mint({ ...minter, key }, wish);
const goodClaims = claimsOf(minter);
/** A token with any text as its payload, signed with the authority's key. */
const withPayloadText = (payload: string): string =>
  signToken({ alg: 'RS256', kid: authorityKey.kid }, payload, authorityKey.privateKey);

/** Who the bearer of a token is, or why it is rejected; the gateway's clock may be wrong. */
async function judge(token: string, rules: Partial<TokenRules> = {}, clockOffsetMs = 0) {
  const keys = { find: async (kid: string) => (await published).get(kid) };
  const clock = { now: () => nowMs + clockOffsetMs };
  const identify = createIdentify({ ...defaults, ...rules }, keys, clock);
  return identify(new Secret(token), signal).catch((error: unknown) => {
    if (error instanceof IdentityError) {
      return error;
    }
    throw error;
  });
}

async function reasonAgainst(...args: Parameters<typeof judge>) {
  const judged = await judge(...args);
  return judged instanceof IdentityError ? judged.reason : undefined;
}

const expiresAtMs = Math.floor(nowMs / 1000) * 1000 + 3_600_000;
const app: MintWish = { kind: 'application' };
const user = { kind: 'user', tenantId: contoso.id, clientId: frontendClientId, expiresAtMs };
const ofAda = { ...user, subject: ada.objectId, scopes: ['access_as_user'] };
const ofApp = { ...user, kind: 'application', subject: frontendServiceId, roles: ['Gateway.Use'] };
const ofGrace = { ...ofAda, tenantId: fabrikam.id, subject: grace.objectId };
const spaced: MintWish = { scope: 'access_as_user read  all ' };
const threeScopes = { ...ofAda, scopes: ['access_as_user', 'read', 'all'] };
const noObject = { claims: { oid: undefined } };
const forbidden = (reason: IdentityReason) => ({ code: 'forbidden', reason });

describe('a caller', () => {
  it.each<[string, MintWish, object, Partial<TokenRules>?]>([
    ['the user of version 1.0', { version: '1.0', ...spaced }, threeScopes],
    ['the user of version 2.0', spaced, threeScopes],
    ['the user of the second tenant', { user: grace, tenant: fabrikam }, ofGrace],
    ['the application of version 1.0', { ...app, version: '1.0' }, ofApp],
    ['the application of version 2.0', app, ofApp],
    ['an application that says so', { ...app, claims: { idtyp: 'app', sub: 'else' } }, ofApp],
    ['a user without an object id', noObject, { ...ofAda, subject: ada.subject }],
    ['a user, whatever roles the token says', { claims: { roles: ['Gateway.Use'] } }, ofAda],
    ['a user by the URI of the gateway', { audience: `api://${gatewayClient.clientId}` }, ofAda],
    ['a user of an allowed app', {}, ofAda, { clientIds: [frontendClientId] }],
    ['a user, if only users are allowed', {}, ofAda, { kinds: ['user'] }],
    ['rejected for other kinds', app, forbidden('applications-not-allowed'), { kinds: ['user'] }],
    ['rejected for being a user', {}, forbidden('users-not-allowed'), { kinds: ['application'] }],
  ])('is %s', async (_what, wish, expected, rules = {}) => {
    const key = wish.tenant === fabrikam ? fabrikamsKey : authorityKey;
    const judged: Caller | IdentityError = await judge(mintToken(wish, key), rules);
    const isCaller = !('reason' in expected);
    expect({ ...judged }).toEqual(isCaller ? expected : expect.objectContaining(expected));
  });

  it.each([
    ['60 s behind', {}, -60_000, undefined],
    ['61 s behind, by the beginning', { claims: { iat: 0 } }, -61_000, 'token-not-yet-valid'],
    ['61 s behind', { claims: { nbf: undefined } }, -61_000, 'token-from-the-future'],
    ['59 s beyond the end', {}, 3_600_000 + 59_000 - 5_000, undefined],
    ['60 s beyond the end', {}, 3_600_000 + 60_000, 'token-expired'],
  ])('is judged by a clock %s', async (_what, wish, clockOffsetMs, reason) => {
    expect(await reasonAgainst(mintToken(wish), {}, clockOffsetMs)).toBe(reason);
  });
});

const stranger = strangersKey.privateKey;
const { kid } = authorityKey;
const encode = (text: string): string => Buffer.from(text).toString('base64url');
const otherClient = '00000000-0000-0000-0000-00000000dead';
const otherTenant = { ...contoso, id: '00000000-1111-2222-3333-444444444444' };
const issuer = issuerOf(contoso.id);
const claims = (changed: NonNullable<MintWish['claims']>): MintWish => ({ claims: changed });
const header = (changed: NonNullable<MintWish['header']>): MintWish => ({ header: changed });
/** With another payload or header under the rest of a good token. */
const withParts = (change: (parts: string[]) => string[]) =>
  change(mintToken().split('.')).join('.');
const payloadOf = (token: string): string => token.split('.')[1] ?? '';
const textWith = (member: string) =>
  withPayloadText(`{${member},${JSON.stringify(goodClaims).slice(1)}`);
const headed = (text: string) => withParts(([, ...rest]) => [encode(text), ...rest]);

/** The public key as the secret of a symmetric signature: the classic confusion of algorithms. */
function signedWithPublicKey(): string {
  const pem = authorityKey.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const head = encode(JSON.stringify({ alg: 'HS256', typ: 'JWT', kid }));
  const input = `${head}.${payloadOf(mintToken())}`;
  return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
}

const signedAs = (alg: 'ES256' | 'PS256', key: KeyObject) =>
  signToken({ alg, kid }, goodClaims, key, alg);
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const issuers = [issuerOf(fabrikam.id), `${v1Issuer}/${contoso.id}/`, `${issuer}/`];
const roles = ['Use'];

/** Tokens by the reason for which they are rejected: wishes of the authority, claims of Ada's token, or texts. */
const probes: Partial<Record<IdentityReason, (MintWish | string)[]>> = {
  'claims-malformed': [
    ...[{ exp: undefined }, { iat: undefined }, { exp: '9999999999' }, { ver: '3.0' }].map(claims),
    ...[{ tid: 'common' }, { tid: undefined }, { aud: [guid] }, { azp: undefined }].map(claims),
    ...[{ exp: 9_999_999_999.5 }, { roles: [1] }].map(claims),
    ...[{ roles: 'Gateway.Use' }, { scp: ['access_as_user'] }, { sub: null }].map(claims),
  ],
  'issuer-not-allowed': [
    ...issuers.map((iss) => claims({ iss })),
    { version: '1.0', ...claims({ iss: issuer }) },
  ],
  'tenant-not-allowed': [{ tenant: otherTenant }],
  'key-issuer-mismatch': [mintToken({}, fabrikamsKey), mintToken({ version: '1.0' }, fabrikamsKey)],
  'audience-not-allowed': [{ audience: 'api://somebody-else' }, { audience: `api://${guid}/` }],
  'not-an-access-token': [
    { ...app, ...claims({ idtyp: 'app', scp: 'access_as_user' }) },
    { ...app, ...claims({ idtyp: 'user' }) },
    ...[{ scp: undefined }, { scp: undefined, roles }, { scp: ' ' }].map(claims),
    ...[{ scp: undefined, oid: undefined, roles }, { idtyp: 'device' }].map(claims),
  ],
  'roles-missing': [undefined, []].map((roles) => ({ ...app, ...claims({ roles }) })),
  'client-not-allowed': [
    { clientId: otherClient },
    { version: '1.0', ...claims({ appid: otherClient, azp: frontendClientId }) },
  ],
  'signature-invalid': [
    { signWith: stranger },
    // Another token's payload.
    withParts(([head = '', , signature = '']) => [head, payloadOf(mintToken()), signature]),
    { ...header({ jwk: strangersKey.jwk }), signWith: stranger },
  ],
  'algorithm-not-allowed': [
    ...[{ alg: 'none' }, { alg: undefined }].map(header),
    signedWithPublicKey(),
    signedAs('ES256', curve),
    signedAs('PS256', authorityKey.privateKey),
  ],
  'key-unknown': [
    mintToken({}, strangersKey),
    ...[{ kid: undefined }, { kid: '__proto__' }, { kid: [kid] }].map(header),
    mintToken(header({ jwk: strangersKey.jwk }), strangersKey),
  ],
  'header-not-allowed': [{ crit: ['exp'] }, { crit: [] }, { typ: 'a+jwt' }, { typ: [] }].map(
    header,
  ),
  'token-too-large': [claims({ filler: 'x'.repeat(16_384) })],
  'token-malformed': [
    `${encode(JSON.stringify({ alg: 'none', typ: 'JWT', kid }))}.${payloadOf(mintToken())}.`,
    withParts((parts) => [...parts, 'x', 'y']),
    '',
    `${mintToken()}==`,
    // The alphabet of base64.
    mintToken().replace('.', '+.'),
    ...['"tid":"x"', '"\\u0074id":"x"'].map(textWith),
    headed(`{"alg":"none","alg":"RS256","kid":"${kid}"}`),
    ...['[]', 'null', `{"a":${'['.repeat(999)}${']'.repeat(999)}}`].map(withPayloadText),
  ],
};

describe('a token', () => {
  const clientIds = [frontendClientId];
  const all = Object.entries(probes).flatMap(([reason, tokens]) =>
    tokens.map((token) => [inspect(token).slice(0, 80), reason, token] as const),
  );

  it.each(all)('made of %s is refused as %s', async (_what, reason, token) => {
    const text = typeof token === 'string' ? token : mintToken(token);
    expect(await reasonAgainst(text, { clientIds })).toBe(reason);
  });

  it('gets its bearer in if nothing is wrong with it, and may carry addresses of keys', async () => {
    expect(await reasonAgainst(mintToken(), { clientIds })).toBeUndefined();
    const carried = header({ jku: 'https://evil.example', x5u: 'https://evil.example', jwk: {} });
    expect(await reasonAgainst(mintToken(carried))).toBeUndefined();
  });

  const roots = ['com', 'com/', 'us'].map((end) => `https://graph.microsoft.${end}`);
  const others = ['dod-graph.microsoft.us/', 'microsoftgraph.chinacloudapi.cn'];
  it.each([
    '00000003-0000-0000-c000-000000000000',
    ...roots,
    ...others.map((host) => `https://${host}`),
  ])('for Graph (%s) is rejected, with what to do', async (audience) => {
    // Graph's own tokens cannot be verified by anybody else, so the signature is wrong on purpose.
    const error = await judge(mintToken({ audience, signWith: stranger }));
    const message = expect.stringContaining('Ask for a token with a scope of the gateway');
    expect(error).toMatchObject({ code: 'unauthenticated', reason: 'audience-is-graph', message });
  });

  it('is rejected without a word of what stands in it', async () => {
    const planted = 'PLANTED-7f3a';
    const names = ['aud', 'iss', 'tid', 'azp', 'sub', 'exp', 'scp', 'ver', 'idtyp'];
    const wishes = [
      ...['kid', 'alg', 'typ'].map((name) => header({ [name]: planted })),
      ...names.map((name) => claims({ [name]: planted })),
    ];
    const tokens = [...wishes.map((wish) => mintToken(wish)), Array(3).fill(planted).join('.')];
    for (const token of tokens) {
      const error = await judge(token, { clientIds, kinds: ['application'] });
      expect(error).toBeInstanceOf(IdentityError);
      const shown = `${inspect(error, { showHidden: true })} ${JSON.stringify(error)}`;
      expect(shown).not.toContain(planted);
      expect(shown).not.toContain(token.slice(-40));
    }
  });
});

const token = mintToken();
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const splice = (at: number, taken: number, put: string) =>
  token.slice(0, at) + put + token.slice(at + taken);
const letters = fc.constantFrom(...alphabet);
const position = fc.nat(token.length);
const anyPart = fc.oneof(fc.base64String(), fc.json().map(encode), fc.string({ unit: 'binary' }));
const headerName = fc.oneof(fc.constantFrom('alg', 'kid', 'typ', 'crit', 'jwk'), fc.string());
const headerValue = fc.oneof(fc.constantFrom<unknown>('RS256', kid, 'JWT'), fc.jsonValue());
const otherHeader = fc
  .dictionary(headerName, headerValue)
  .filter((any) => any['alg'] !== 'RS256' || any['kid'] !== kid);
const claimThatCounts = fc.constantFrom('aud', 'iss', 'tid', 'azp', 'sub', 'exp', 'iat', 'ver');
const otherClaim = fc.tuple(claimThatCounts, fc.jsonValue()).filter(([name, value]) => {
  const isOfItsType = ['azp', 'sub'].includes(name) && typeof value === 'string';
  return !isOfItsType && typeof value !== 'number';
});

const scraps = fc.string({ unit: 'binary', maxLength: 5 });
const spliced = fc.tuple(position, fc.nat(5), scraps).map((change) => splice(...change));
const claimed = otherClaim.map(([name, value]) => mintToken({ claims: { [name]: value } }));
const headers = otherHeader.map((any) => signToken(any, goodClaims, authorityKey.privateKey));

/** Texts, and what is signed by the authority. */
const forgeries: readonly (readonly [string, number, fc.Arbitrary<string>])[] = [
  ['another letter', 300, fc.tuple(position, letters).map(([at, put]) => splice(at, 1, put))],
  ['something put in, taken out or cut off', 300, spliced],
  // The last bits of it mean nothing.
  ['another last character', 64, letters.map((put) => token.slice(0, -1) + put)],
  ['any text', 300, fc.array(anyPart, { maxLength: 5 }).map((parts) => parts.join('.'))],
  ['another value of a claim that counts', 60, claimed],
  ['any payload', 60, fc.json().map(withPayloadText)],
  ['any header', 60, headers],
];

it.each(forgeries)('rejects callers with %s, and never fails otherwise', async (...forgery) => {
  const [, numRuns, tokens] = forgery;
  const isRejected = fc.asyncProperty(tokens, async (changed) => {
    fc.pre(changed !== token);
    expect(await reasonAgainst(changed)).toBeDefined();
  });
  await fc.assert(isRejected, { numRuns });
});
