import { createHmac, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { signToken } from '../support/authority/signToken.ts';
import {
  authorityKey,
  goodClaims,
  identify,
  mintToken,
  type Probe,
  reasonAgainst,
  strangersKey,
  withClaims,
  withHeader,
  withPayloadText,
} from './identityHarness.ts';

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

  it('may carry addresses of keys, which nobody looks at', async () => {
    const header = { jku: 'https://evil.example', x5u: 'https://evil.example', jwk: {} };
    expect(await identify(mintToken({ header }))).toMatchObject({ kind: 'user' });
  });
});
