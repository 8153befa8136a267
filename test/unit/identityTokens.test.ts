import { createHmac, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createAuthorizer } from '../../src/identity/authorizer.ts';
import {
  type Caller,
  createTokenRules,
  type TokenRuleSettings,
} from '../../src/identity/claims.ts';
import { IdentityError, type IdentityReason } from '../../src/identity/errors.ts';
import { type KeySet, readKeySet } from '../../src/identity/keySet.ts';
import { validateToken } from '../../src/identity/verifyToken.ts';
import { Secret } from '../../src/shared/secret.ts';
import { claimsOf, type Minter, type MintWish, mint } from '../support/authority/mint.ts';
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
import { signToken } from '../support/authority/signToken.ts';
import { testCall } from '../support/graphClients.ts';

/** When all tokens of these tests are minted and judged. */
const nowMs = Date.UTC(2026, 1, 11, 8, 30, 5);
const authorityUrl = 'https://login.example';
const v1Issuer = 'https://sts.windows.net';

const authorityKey = createAuthorityKey();
/** A key of the same kind that is not published. */
const strangersKey = createAuthorityKey();
/** Published too, but for one tenant only. */
const fabrikamsKey = createAuthorityKey();

const published: Promise<KeySet> = readKeySet({
  keys: [
    { ...authorityKey.jwk, issuer: `${authorityUrl}/{tenantid}/v2.0` },
    { ...fabrikamsKey.jwk, issuer: `${authorityUrl}/${fabrikam.id}/v2.0` },
  ],
});

const defaults: TokenRuleSettings = {
  authority: new URL(authorityUrl),
  tenantIds: [contoso.id, fabrikam.id.toUpperCase()],
  audiences: [gatewayClient.clientId, `api://${gatewayClient.clientId}`],
  kinds: ['user', 'application'],
};

/** Mints with the authority's key, for the gateway and Ada in Contoso unless something else is wished. */
function mintToken(wish: MintWish = {}, key = authorityKey): string {
  return mint({ ...minter, key }, wish);
}

const minter: Minter = {
  url: authorityUrl,
  v1Issuer,
  defaultAudience: gatewayClient.clientId,
  key: authorityKey,
  nowMs,
};

/** The claims of such a token. */
const goodClaims = claimsOf(minter);

/** A good token with something else in its header, still signed with the authority's key. */
const withHeader = (header: NonNullable<MintWish['header']>): string => mintToken({ header });

/** A good token with other claims. */
const withClaims = (claims: NonNullable<MintWish['claims']>): string => mintToken({ claims });

/** A token with any text as its payload, signed with the authority's key. */
const withPayloadText = (payload: string): string =>
  signToken({ alg: 'RS256', kid: authorityKey.kid }, payload, authorityKey.privateKey);

/** What is wrong with a token, the token, and why it is refused; by other rules than the usual ones where they matter. */
type Probe = readonly [string, () => string, IdentityReason, Surroundings?];

interface Surroundings extends Partial<TokenRuleSettings> {
  /** How far the gateway's clock is from the authority's. */
  readonly clockOffsetMs?: number;
}

/** Who the bearer of a token is. */
function identify(
  token: string,
  { clockOffsetMs = 0, ...settings }: Surroundings = {},
): Promise<Caller> {
  return validateToken(
    new Secret(token),
    {
      rules: createTokenRules({ ...defaults, ...settings }),
      keys: { find: async (kid) => (await published).get(kid) },
      clock: { now: () => nowMs + clockOffsetMs },
    },
    new AbortController().signal,
  );
}

/** Why the bearer of a token is not let in; undefined where he is. */
async function reasonAgainst(
  token: string,
  surroundings: Surroundings = {},
): Promise<IdentityReason | undefined> {
  return (await errorAgainst(token, surroundings))?.reason;
}

/** The same, as the whole error. */
async function errorAgainst(
  token: string,
  surroundings: Surroundings = {},
): Promise<IdentityError | undefined> {
  try {
    await identify(token, surroundings);
    return undefined;
  } catch (error) {
    if (error instanceof IdentityError) {
      return error;
    }
    throw error;
  }
}

const expiresAtMs = Math.floor(nowMs / 1000) * 1000 + 3_600_000;

describe('a caller', () => {
  it.each<MintWish['version']>(['1.0', '2.0'])(
    'is the user that a token of version %s names',
    async (version = '2.0') => {
      const token = mintToken({ version, scope: 'access_as_user read  all ' });
      const caller = await identify(token);
      expect(caller).toEqual({
        kind: 'user',
        tenantId: contoso.id,
        clientId: frontendClientId,
        subject: ada.objectId,
        scopes: ['access_as_user', 'read', 'all'],
        expiresAtMs,
      });
    },
  );

  it.each<[string, MintWish]>([
    ['of version 1.0', { version: '1.0' }],
    ['of version 2.0', { version: '2.0' }],
    ['that says so', { claims: { idtyp: 'app', sub: 'something-else' } }],
  ])('is the application that a token %s names', async (_what, wish) => {
    const caller = await identify(mintToken({ kind: 'application', ...wish }));
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
    [{ kind: 'application', roles: ['Gateway.Read'] }, false],
    [{ scope: 'other', claims: { roles: ['Gateway.Use'] } }, false],
  ])('with %j has one of the permissions that are asked for: %s', async (wish, isPermitted) => {
    const permissions = { READ: ['access_as_user', 'Gateway.Use'], WRITE: [] };
    const authorizer = createAuthorizer({ identify: () => identify(mintToken(wish)) }, permissions);
    const call = testCall();
    const reason = await authorizer.authorize(call, 'READ').then(
      () => undefined,
      (error: IdentityError) => error.reason,
    );
    expect(reason).toBe(isPermitted ? undefined : 'permission-missing');
    expect(authorizer.callerOf(call) !== undefined).toBe(isPermitted);
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

const seconds = Math.floor(nowMs / 1000);
const stranger = strangersKey.privateKey;

const claimProbes: readonly Probe[] = [
  ['an expiry in the past', () => mintToken({ lifetimeSeconds: -60 }), 'token-expired'],
  ['a beginning in the future', () => withClaims({ nbf: seconds + 62 }), 'token-not-yet-valid'],
  [
    'an issue far in the future',
    () => withClaims({ iat: seconds + 86_400 }),
    'token-from-the-future',
  ],
  ['no expiry', () => withClaims({ exp: undefined }), 'claims-malformed'],
  ['no time of issue', () => withClaims({ iat: undefined }), 'claims-malformed'],
  ['an expiry that is a text', () => withClaims({ exp: '9999999999' }), 'claims-malformed'],
  ['an expiry beyond all numbers', () => withPayloadText('{"exp":1e999}'), 'claims-malformed'],
  ['a wrong issuer', () => withClaims({ iss: 'https://evil.example' }), 'issuer-not-allowed'],
  [
    'the issuer of another tenant',
    () => withClaims({ iss: `${authorityUrl}/${fabrikam.id}/v2.0` }),
    'issuer-not-allowed',
  ],
  [
    'an issuer of version 1.0 in a token of version 2.0',
    () => withClaims({ iss: `${v1Issuer}/${contoso.id}/` }),
    'issuer-not-allowed',
  ],
  [
    'an issuer of version 2.0 in a token of version 1.0',
    () => mintToken({ version: '1.0', claims: { iss: `${authorityUrl}/${contoso.id}/v2.0` } }),
    'issuer-not-allowed',
  ],
  [
    'an issuer that only begins right',
    () => withClaims({ iss: `${authorityUrl}/${contoso.id}/v2.0/` }),
    'issuer-not-allowed',
  ],
  ['a version that is not known', () => withClaims({ ver: '3.0' }), 'claims-malformed'],
  ['a tenant that is no GUID', () => withClaims({ tid: 'common' }), 'claims-malformed'],
  ['no tenant', () => withClaims({ tid: undefined }), 'claims-malformed'],
  [
    'a tenant that is not allowed',
    () => mintToken({ tenant: { ...contoso, id: '00000000-1111-2222-3333-444444444444' } }),
    'tenant-not-allowed',
  ],
  ['the key of another tenant', () => mintToken({}, fabrikamsKey), 'key-issuer-mismatch'],
  [
    'the key of another tenant, in version 1.0',
    () => mintToken({ version: '1.0' }, fabrikamsKey),
    'key-issuer-mismatch',
  ],
  [
    'a wrong audience',
    () => mintToken({ audience: 'api://somebody-else' }),
    'audience-not-allowed',
  ],
  [
    'an audience with a slash more',
    () => mintToken({ audience: `api://${gatewayClient.clientId}/` }),
    'audience-not-allowed',
  ],
  ['a list of audiences', () => withClaims({ aud: [gatewayClient.clientId] }), 'claims-malformed'],
  ['neither scopes nor roles', () => withClaims({ scp: undefined }), 'not-an-access-token'],
  [
    'neither scopes nor roles, of an application',
    () => mintToken({ kind: 'application', claims: { roles: undefined } }),
    'roles-missing',
  ],
  ['an empty list of roles', () => mintToken({ kind: 'application', roles: [] }), 'roles-missing'],
  [
    'scopes for an application',
    () => mintToken({ kind: 'application', claims: { idtyp: 'app', scp: 'access_as_user' } }),
    'not-an-access-token',
  ],
  [
    'roles instead of scopes for a user',
    () => withClaims({ scp: undefined, roles: ['Gateway.Use'] }),
    'not-an-access-token',
  ],
  [
    'roles instead of scopes for a user without an object id',
    () => withClaims({ scp: undefined, oid: undefined, roles: ['Gateway.Use'] }),
    'not-an-access-token',
  ],
  ['scopes of nothing', () => withClaims({ scp: ' ' }), 'not-an-access-token'],
  ['the type of a device', () => withClaims({ idtyp: 'device' }), 'not-an-access-token'],
  [
    'the client that is not allowed (azp)',
    () => mintToken({ clientId: '00000000-0000-0000-0000-00000000dead' }),
    'client-not-allowed',
    { clientIds: [frontendClientId] },
  ],
  [
    'the client that is not allowed (appid)',
    () =>
      mintToken({
        version: '1.0',
        clientId: '00000000-0000-0000-0000-00000000dead',
        claims: { azp: frontendClientId },
      }),
    'client-not-allowed',
    { clientIds: [frontendClientId] },
  ],
  ['no client', () => withClaims({ azp: undefined }), 'claims-malformed'],
  ['roles that are a text', () => withClaims({ roles: 'Gateway.Use' }), 'claims-malformed'],
  ['scopes that are a list', () => withClaims({ scp: ['access_as_user'] }), 'claims-malformed'],
  ['a tenant that is a number', () => withClaims({ tid: 7 }), 'claims-malformed'],
  ['a subject that is null', () => withClaims({ sub: null }), 'claims-malformed'],
];

const graphAudiences = [
  '00000003-0000-0000-c000-000000000000',
  'https://graph.microsoft.com',
  'https://graph.microsoft.com/',
  'https://graph.microsoft.us',
  'https://dod-graph.microsoft.us/',
  'https://microsoftgraph.chinacloudapi.cn',
];

describe('a token', () => {
  it.each(claimProbes)(
    'with %s is refused',
    // A parameter without a default would be jest's own callback where a probe has no surroundings.
    async (_what, token, reason, surroundings = {}) => {
      expect(await reasonAgainst(token(), surroundings)).toBe(reason);
    },
  );

  it.each(graphAudiences)('for Graph (%s) is refused, with what to do', async (audience) => {
    // Graph's own tokens cannot be verified by anybody else, so the signature is wrong on purpose.
    const error = await errorAgainst(mintToken({ audience, signWith: stranger }));
    expect(error).toMatchObject({ code: 'unauthenticated', reason: 'audience-is-graph' });
    expect(error?.message).toContain('Ask for a token with a scope of the gateway');
  });

  it('is refused without a word of what stands in it', async () => {
    const planted = 'PLANTED-7f3a';
    const tokens = [
      withHeader({ kid: planted }),
      withHeader({ alg: planted }),
      withHeader({ typ: planted }),
      ...['aud', 'iss', 'tid', 'azp', 'sub', 'exp', 'scp', 'ver', 'idtyp'].map((name) =>
        withClaims({ [name]: planted }),
      ),
      `${planted}.${planted}.${planted}`,
    ];
    const rules = { clientIds: [frontendClientId], kinds: ['application'] as const };
    for (const token of tokens) {
      const error = await errorAgainst(token, rules);
      expect(error).toBeDefined();
      const shown = `${error?.message} ${error?.stack} ${JSON.stringify(error)} ${error?.cause}`;
      expect(shown).not.toContain(planted);
      expect(shown).not.toContain(token.slice(-40));
    }
  });
});

describe('token form probes', () => {
  const { kid } = authorityKey;
  const stranger = strangersKey.privateKey;
  const encode = (text: string): string => Buffer.from(text).toString('base64url');

  function unsigned(): string {
    const [, payload] = mintToken().split('.');
    return `${encode(JSON.stringify({ alg: 'none', typ: 'JWT', kid }))}.${payload}.`;
  }

  /** The public key as the secret of a symmetric signature: the classic confusion of algorithms. */
  function signedWithPublicKey(): string {
    const pem = authorityKey.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const [, payload] = mintToken().split('.');
    const input = `${encode(JSON.stringify({ alg: 'HS256', typ: 'JWT', kid }))}.${payload}`;
    return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
  }

  function signedWithCurve(): string {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return signToken({ alg: 'ES256', kid }, goodClaims, privateKey, 'ES256');
  }

  const swapPayload = (token: string, other: string): string => {
    const [header, , signature] = token.split('.');
    return [header, other.split('.')[1], signature].join('.');
  };

  const signatureProbes: readonly Probe[] = [
    ['a wrong signature', () => mintToken({ signWith: stranger }), 'signature-invalid'],
    [
      "another token's payload",
      () => swapPayload(mintToken(), mintToken({ lifetimeSeconds: 9999 })),
      'signature-invalid',
    ],
    ['alg none and no signature', unsigned, 'token-malformed'],
    ['alg none and a signature', () => withHeader({ alg: 'none' }), 'algorithm-not-allowed'],
    ['alg None in another case', () => withHeader({ alg: 'nOnE' }), 'algorithm-not-allowed'],
    ['HS256 over the public key', signedWithPublicKey, 'algorithm-not-allowed'],
    ['ES256', signedWithCurve, 'algorithm-not-allowed'],
    [
      'PS256 with the right key',
      () => signToken({ alg: 'PS256', kid }, goodClaims, authorityKey.privateKey, 'PS256'),
      'algorithm-not-allowed',
    ],
    ['no alg', () => withHeader({ alg: undefined }), 'algorithm-not-allowed'],
    ['an unknown kid', () => mintToken({}, strangersKey), 'key-unknown'],
    ['no kid', () => withHeader({ kid: undefined }), 'key-unknown'],
    ['a kid that is a path', () => withHeader({ kid: '../../../dev/null' }), 'key-unknown'],
    ['a kid that is SQL', () => withHeader({ kid: "x' UNION SELECT 'key" }), 'key-unknown'],
    ['a kid that every object has', () => withHeader({ kid: '__proto__' }), 'key-unknown'],
    ['a kid that is no text', () => withHeader({ kid: [kid] }), 'key-unknown'],
    [
      'its own key embedded (jwk)',
      () => mintToken({ header: { jwk: strangersKey.jwk }, signWith: stranger }),
      'signature-invalid',
    ],
    [
      'its own key embedded (jwk) and named',
      () => mintToken({ header: { jwk: strangersKey.jwk } }, strangersKey),
      'key-unknown',
    ],
    [
      'the address of its own keys (jku)',
      () => mintToken({ header: { jku: 'https://evil.example/keys' }, signWith: stranger }),
      'signature-invalid',
    ],
    [
      'the address of its own certificate (x5u)',
      () => mintToken({ header: { x5u: 'https://evil.example/cert' }, signWith: stranger }),
      'signature-invalid',
    ],
    [
      'its own certificate (x5c)',
      () => mintToken({ header: { x5c: ['MIIB'] }, signWith: stranger }),
      'signature-invalid',
    ],
    ['a critical extension', () => withHeader({ crit: ['exp'] }), 'header-not-allowed'],
    ['no critical extension', () => withHeader({ crit: [] }), 'header-not-allowed'],
    [
      'an unencoded payload (b64)',
      () => withHeader({ b64: false, crit: ['b64'] }),
      'header-not-allowed',
    ],
    ['the type of something else', () => withHeader({ typ: 'logout+jwt' }), 'header-not-allowed'],
  ];

  const formProbes: readonly Probe[] = [
    ['more than 16 KB', () => withClaims({ filler: 'x'.repeat(16_384) }), 'token-too-large'],
    ['two tokens', () => `${mintToken()}.${mintToken()}`, 'token-malformed'],
    ['two parts', () => mintToken().split('.').slice(0, 2).join('.'), 'token-malformed'],
    ['five parts', () => `${mintToken()}.x.y`, 'token-malformed'],
    ['no text', () => '', 'token-malformed'],
    ['padding', () => `${mintToken()}==`, 'token-malformed'],
    ['the alphabet of base64', () => mintToken().replace('.', '+.'), 'token-malformed'],
    [
      'a claim twice',
      () => withPayloadText(`{"tid":"x",${JSON.stringify(goodClaims).slice(1)}`),
      'token-malformed',
    ],
    [
      'a claim twice, once in escapes',
      () => withPayloadText(`{"\\u0074id":"x",${JSON.stringify(goodClaims).slice(1)}`),
      'token-malformed',
    ],
    [
      'a header parameter twice',
      () =>
        `${encode(`{"alg":"none","alg":"RS256","kid":"${kid}"}`)}.${mintToken().split('.').slice(1).join('.')}`,
      'token-malformed',
    ],
    ['a payload that is a list', () => withPayloadText('[]'), 'token-malformed'],
    ['a payload that is null', () => withPayloadText('null'), 'token-malformed'],
    ['a payload that is no JSON', () => withPayloadText('{'), 'token-malformed'],
    [
      'a payload that nests without end',
      () => withPayloadText(`{"a":${'['.repeat(999)}${']'.repeat(999)}}`),
      'token-malformed',
    ],
  ];

  describe('a token', () => {
    it('gets its bearer in where nothing is wrong with it', async () => {
      expect(await reasonAgainst(mintToken())).toBeUndefined();
    });

    it.each([...signatureProbes, ...formProbes])(
      'with %s is refused',
      // A parameter without a default would be jest's own callback where a probe has no surroundings.
      async (_what, token, reason, surroundings = {}) => {
        expect(await reasonAgainst(token(), surroundings)).toBe(reason);
      },
    );

    it('may carry addresses of keys, which are ignored', async () => {
      const header = { jku: 'https://evil.example', x5u: 'https://evil.example', jwk: {} };
      expect(await identify(mintToken({ header }))).toMatchObject({ kind: 'user' });
    });
  });
});

const token = mintToken();
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('a token that was tampered with', () => {
  it('is refused wherever one character is another one of base64url', async () => {
    const position = fc.nat(token.length - 1);
    const character = fc.constantFrom(...alphabet);
    await fc.assert(
      fc.asyncProperty(position, character, async (at, other) => {
        fc.pre(token[at] !== other);
        const changed = token.slice(0, at) + other + token.slice(at + 1);
        expect(await reasonAgainst(changed)).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });

  it('is refused with any last character but its own, though the last bits of it mean nothing', async () => {
    const last = token.at(-1);
    const others = [...alphabet].filter((character) => character !== last);
    for (const other of others) {
      expect(await reasonAgainst(token.slice(0, -1) + other)).toBeDefined();
    }
  });

  it('is refused wherever something is put in, taken out or cut off', async () => {
    const change = fc.record({
      at: fc.nat(token.length),
      taken: fc.nat(5),
      put: fc.string({ unit: 'binary', maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, taken, put }) => {
        const changed = token.slice(0, at) + put + token.slice(at + taken);
        fc.pre(changed !== token);
        expect(await reasonAgainst(changed)).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });

  it('is refused, and never fails otherwise, whatever text it is', async () => {
    const part = fc.oneof(
      fc.base64String(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
      fc.string({ unit: 'binary' }),
    );
    const text = fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.'));
    await fc.assert(
      fc.asyncProperty(text, async (anything) => {
        expect(await reasonAgainst(anything)).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });
});

describe('a token that the authority signed', () => {
  const names = ['aud', 'iss', 'tid', 'azp', 'sub', 'exp', 'iat', 'ver'] as const;

  it('is refused where a claim that counts is any other value', async () => {
    const change = fc.record({ name: fc.constantFrom(...names), value: fc.jsonValue() });
    await fc.assert(
      fc.asyncProperty(change, async ({ name, value }) => {
        const isOfItsType = ['azp', 'sub'].includes(name) && typeof value === 'string';
        fc.pre(!isOfItsType && typeof value !== 'number');
        expect(await reasonAgainst(mintToken({ claims: { [name]: value } }))).toBeDefined();
      }),
      { numRuns: 60 },
    );
  });

  it('is refused, and never fails otherwise, whatever else its payload is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (payload) => {
        expect(await reasonAgainst(withPayloadText(payload))).toBeDefined();
      }),
      { numRuns: 60 },
    );
  });

  it('is refused, and never fails otherwise, whatever its header is', async () => {
    const header = fc.dictionary(
      fc.oneof(fc.constantFrom('alg', 'kid', 'typ', 'crit', 'jwk'), fc.string()),
      fc.oneof(fc.constantFrom<unknown>('RS256', authorityKey.kid, 'JWT'), fc.jsonValue()),
    );
    await fc.assert(
      fc.asyncProperty(header, async (anything) => {
        const { alg, kid } = anything;
        fc.pre(alg !== 'RS256' || kid !== authorityKey.kid);
        const signed = signToken(anything, goodClaims, authorityKey.privateKey);
        expect(await reasonAgainst(signed)).toBeDefined();
      }),
      { numRuns: 60 },
    );
  });
});
