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
const defaults: TokenRules = {
  authority: new URL(url),
  tenantIds: [contoso.id, fabrikam.id],
  audiences: [gatewayClient.clientId, `api://${gatewayClient.clientId}`],
  kinds: ['user', 'application'],
};

const authorityKey = createAuthorityKey();
/** A key of the same kind that is not published. */
const strangersKey = createAuthorityKey();
/** Published too, but for one tenant only. */
const fabrikamsKey = createAuthorityKey();
const documents: unknown[] = [
  { issuer: `${url}/{tenantid}/v2.0`, jwks_uri: `${url}/keys` },
  {
    keys: [
      { ...authorityKey.jwk, issuer: `${url}/{tenantid}/v2.0` },
      { ...fabrikamsKey.jwk, issuer: `${url}/${fabrikam.id}/v2.0` },
    ],
  },
];
const { signal } = new AbortController();
const published = loadKeySet(defaults, async () => documents.shift(), signal);

const minter = {
  url,
  v1Issuer,
  defaultAudience: gatewayClient.clientId,
  key: authorityKey,
  nowMs,
};
/** Mints with the authority's key, for the gateway and Ada in Contoso unless something else is wished. */
const mintToken = (wish: MintWish = {}, key = authorityKey) => mint({ ...minter, key }, wish);
const goodClaims = claimsOf(minter);
/** A token with any text as its payload, signed with the authority's key. */
const withPayloadText = (payload: string): string =>
  signToken({ alg: 'RS256', kid: authorityKey.kid }, payload, authorityKey.privateKey);

interface Change extends Partial<TokenRules> {
  /** How far the gateway's clock is from the authority's. */
  readonly clockOffsetMs?: number;
}

/** Who the bearer of a token is, or why it is rejected. */
async function judge(token: string, { clockOffsetMs = 0, ...rules }: Change = {}) {
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

async function reasonAgainst(token: string, change?: Change): Promise<IdentityReason | undefined> {
  const judged = await judge(token, change);
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
  it.each<[string, MintWish, object, Change?]>([
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
    expect({ ...judged }).toEqual(
      'reason' in expected ? expect.objectContaining(expected) : expected,
    );
  });

  it.each([
    ['59 s behind', {}, -59_000, undefined],
    ['61 s behind, by the beginning', { claims: { iat: 0 } }, -61_000, 'token-not-yet-valid'],
    ['61 s behind', { claims: { nbf: undefined } }, -61_000, 'token-from-the-future'],
    ['59 s beyond the end', {}, 3_600_000 + 59_000 - 5_000, undefined],
    ['61 s beyond the end', {}, 3_600_000 + 61_000, 'token-expired'],
  ])('is judged by a clock %s', async (_what, wish, clockOffsetMs, reason) => {
    expect(await reasonAgainst(mintToken(wish), { clockOffsetMs })).toBe(reason);
  });
});

const stranger = strangersKey.privateKey;
const { kid } = authorityKey;
const encode = (text: string): string => Buffer.from(text).toString('base64url');
const otherClient = '00000000-0000-0000-0000-00000000dead';
const own = frontendClientId;
const otherTenant = { ...contoso, id: '00000000-1111-2222-3333-444444444444' };
const evil = 'https://evil.example';
const issuer = `${url}/${contoso.id}/v2.0`;
const claims = (changed: NonNullable<MintWish['claims']>): MintWish => ({ claims: changed });
const header = (changed: NonNullable<MintWish['header']>): MintWish => ({ header: changed });
/** With another payload or header under the rest of a good token. */
const withParts = (change: (parts: string[]) => string[]) => () =>
  change(mintToken().split('.')).join('.');
const payloadOf = (token: string): string => token.split('.')[1] ?? '';
const textWith = (member: string) => () =>
  withPayloadText(`{${member},${JSON.stringify(goodClaims).slice(1)}`);

/** The public key as the secret of a symmetric signature: the classic confusion of algorithms. */
function signedWithPublicKey(): string {
  const pem = authorityKey.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const head = encode(JSON.stringify({ alg: 'HS256', typ: 'JWT', kid }));
  const input = `${head}.${payloadOf(mintToken())}`;
  return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
}

const signedAs = (alg: 'ES256' | 'PS256', key: KeyObject) => () =>
  signToken({ alg, kid }, goodClaims, key, alg);
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** By the reason for which it is refused: what is wrong with a token, and the token. */
const probes: Partial<Record<IdentityReason, Record<string, MintWish | (() => string)>>> = {
  'claims-malformed': {
    'no expiry': claims({ exp: undefined }),
    'no time of issue': claims({ iat: undefined }),
    'an expiry that is a text': claims({ exp: '9999999999' }),
    'a version that is not known': claims({ ver: '3.0' }),
    'a tenant that is no GUID': claims({ tid: 'common' }),
    'no tenant': claims({ tid: undefined }),
    'a list of audiences': claims({ aud: [gatewayClient.clientId] }),
    'no client': claims({ azp: undefined }),
    'roles that are a text': claims({ roles: 'Gateway.Use' }),
    'scopes that are a list': claims({ scp: ['access_as_user'] }),
    'a subject that is null': claims({ sub: null }),
  },
  'issuer-not-allowed': {
    'the issuer of another tenant': claims({ iss: issuer.replace(contoso.id, fabrikam.id) }),
    'the issuer of version 1.0': claims({ iss: `${v1Issuer}/${contoso.id}/` }),
    'the issuer of version 2.0': { version: '1.0', ...claims({ iss: issuer }) },
    'an issuer that only begins right': claims({ iss: `${issuer}/` }),
  },
  'tenant-not-allowed': { 'a tenant that is not allowed': { tenant: otherTenant } },
  'key-issuer-mismatch': {
    'the key of another tenant': () => mintToken({}, fabrikamsKey),
    'the key of another tenant, in version 1.0': () => mintToken({ version: '1.0' }, fabrikamsKey),
  },
  'audience-not-allowed': {
    'a wrong audience': { audience: 'api://somebody-else' },
    'an audience with a slash more': { audience: `api://${gatewayClient.clientId}/` },
  },
  'not-an-access-token': {
    'neither scopes nor roles': claims({ scp: undefined }),
    'scopes for an application': { ...app, ...claims({ idtyp: 'app', scp: 'access_as_user' }) },
    'roles instead of scopes for a user': claims({ scp: undefined, roles: ['Use'] }),
    'roles and no object id': claims({ scp: undefined, oid: undefined, roles: ['Use'] }),
    'scopes of nothing': claims({ scp: ' ' }),
    'the type of a device': claims({ idtyp: 'device' }),
  },
  'roles-missing': {
    'neither scopes nor roles, of an application': { ...app, ...claims({ roles: undefined }) },
    'an empty list of roles': { ...app, roles: [] },
  },
  'client-not-allowed': {
    'another client (azp)': { clientId: otherClient },
    'another client (appid)': { version: '1.0', ...claims({ appid: otherClient, azp: own }) },
  },
  'signature-invalid': {
    'a wrong signature': { signWith: stranger },
    "another token's payload": withParts(([head = '', , signature = '']) => [
      head,
      payloadOf(mintToken({ lifetimeSeconds: 9999 })),
      signature,
    ]),
    'its own key embedded (jwk)': { ...header({ jwk: strangersKey.jwk }), signWith: stranger },
  },
  'algorithm-not-allowed': {
    'alg none and a signature': header({ alg: 'none' }),
    'HS256 over the public key': signedWithPublicKey,
    ES256: signedAs('ES256', curve),
    'PS256 with the right key': signedAs('PS256', authorityKey.privateKey),
    'no alg': header({ alg: undefined }),
  },
  'key-unknown': {
    'an unknown kid': () => mintToken({}, strangersKey),
    'no kid': header({ kid: undefined }),
    'a kid that every object has': header({ kid: '__proto__' }),
    'a kid that is no text': header({ kid: [kid] }),
    'its own key embedded (jwk) and named': () =>
      mintToken(header({ jwk: strangersKey.jwk }), strangersKey),
  },
  'header-not-allowed': {
    'a critical extension': header({ crit: ['exp'] }),
    'no critical extension': header({ crit: [] }),
    'the type of something else': header({ typ: 'logout+jwt' }),
    'a type that is no text': header({ typ: ['jwt'] }),
  },
  'token-too-large': { 'more than 16 KB': claims({ filler: 'x'.repeat(16_384) }) },
  'token-malformed': {
    'alg none and no signature': () =>
      `${encode(JSON.stringify({ alg: 'none', typ: 'JWT', kid }))}.${payloadOf(mintToken())}.`,
    'five parts': withParts((parts) => [...parts, 'x', 'y']),
    'no text': () => '',
    padding: () => `${mintToken()}==`,
    'the alphabet of base64': () => mintToken().replace('.', '+.'),
    'a claim twice': textWith('"tid":"x"'),
    'a claim twice, once in escapes': textWith('"\\u0074id":"x"'),
    'a header parameter twice': withParts(([, ...rest]) => [
      encode(`{"alg":"none","alg":"RS256","kid":"${kid}"}`),
      ...rest,
    ]),
    'a payload that is a list': () => withPayloadText('[]'),
    'a payload that is null': () => withPayloadText('null'),
    'a payload that nests without end': () =>
      withPayloadText(`{"a":${'['.repeat(999)}${']'.repeat(999)}}`),
  },
};

describe('a token', () => {
  const clientIds = [frontendClientId];
  const all = Object.entries(probes).flatMap(([reason, tokens]) =>
    Object.entries(tokens).map(([what, token]) => [what, reason, token] as const),
  );

  it.each(all)('with %s is refused as %s', async (_what, reason, token) => {
    const text = typeof token === 'function' ? token() : mintToken(token);
    expect(await reasonAgainst(text, { clientIds })).toBe(reason);
  });

  it('gets its bearer in if nothing is wrong with it, and may carry addresses of keys', async () => {
    expect(await reasonAgainst(mintToken(), { clientIds })).toBeUndefined();
    const carried = header({ jku: evil, x5u: evil, jwk: {} });
    expect(await reasonAgainst(mintToken(carried))).toBeUndefined();
  });

  it.each([
    '00000003-0000-0000-c000-000000000000',
    'https://graph.microsoft.com',
    'https://graph.microsoft.com/',
    'https://graph.microsoft.us',
    'https://dod-graph.microsoft.us/',
    'https://microsoftgraph.chinacloudapi.cn',
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
const binary = (maxLength?: number) =>
  fc.string({ unit: 'binary', ...(maxLength && { maxLength }) });
const anyPart = fc.oneof(fc.base64String(), fc.json().map(encode), binary());
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

const { privateKey } = authorityKey;
const position = fc.nat(token.length);
const forgeries: readonly (readonly [string, number, fc.Arbitrary<string>])[] = [
  [
    'another character of base64url anywhere',
    300,
    fc.tuple(position, fc.constantFrom(...alphabet)).map(([at, other]) => splice(at, 1, other)),
  ],
  [
    'something put in, taken out or cut off',
    300,
    fc.tuple(position, fc.nat(5), binary(5)).map((change) => splice(...change)),
  ],
  // The last bits of it mean nothing.
  [
    'another last character',
    64,
    fc.constantFrom(...alphabet).map((put) => token.slice(0, -1) + put),
  ],
  ['any text', 300, fc.array(anyPart, { maxLength: 5 }).map((parts) => parts.join('.'))],
  [
    'another value of a claim that counts, signed by the authority',
    60,
    otherClaim.map(([name, value]) => mintToken({ claims: { [name]: value } })),
  ],
  ['any payload, signed by the authority', 60, fc.json().map(withPayloadText)],
  [
    'any header, signed by the authority',
    60,
    otherHeader.map((any) => signToken(any, goodClaims, privateKey)),
  ],
];

it.each(forgeries)(
  'rejects callers with %s, and never fails otherwise',
  async (_what, numRuns, tokens) => {
    await fc.assert(
      fc.asyncProperty(tokens, async (changed) => {
        fc.pre(changed !== token);
        expect(await reasonAgainst(changed)).toBeDefined();
      }),
      { numRuns },
    );
  },
);
