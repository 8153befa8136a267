import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { issuerRootsOf } from '../../src/identity/issuers.ts';
import { type KeySource, loadKeySet } from '../../src/identity/keys/loadKeySet.ts';
import { contoso } from '../support/authority/people.ts';
import { createAuthorityKey } from '../support/authority/signingKeys.ts';

const key = createAuthorityKey();
const live = new AbortController().signal;
const issuer = `https://login.example/${contoso.id}/v2.0`;
const metadata = { issuer, jwks_uri: 'https://login.example/keys' };

interface Documents {
  readonly metadata: unknown;
  readonly keys: unknown;
}

/** Loads from documents by their addresses; the asked addresses come back too. */
async function load(documents: Partial<Documents>, source: Partial<KeySource> = {}) {
  const asked: string[] = [];
  const authority = source.authority ?? new URL('https://login.example');
  const issuerRoots = issuerRootsOf(authority);
  const read = async (url: URL): Promise<unknown> => {
    asked.push(url.href);
    const { metadata: first = metadata, keys: second = { keys: [key.jwk] } } = documents;
    return asked.length === 1 ? first : second;
  };
  const whole = { authority, tenant: contoso.id, issuerRoots, ...source };
  return { asked, keys: await loadKeySet(whole, read, live) };
}

const problemOf = (loaded: Promise<unknown>): Promise<unknown> =>
  loaded.then(
    () => undefined,
    (error: { readonly problem?: unknown }) => error.problem,
  );

describe('the keys of an authority', () => {
  it('come from where its metadata say', async () => {
    const { asked, keys } = await load({ keys: { keys: [{ ...key.jwk, issuer }] } });
    expect(asked).toEqual([
      `https://login.example/${contoso.id}/v2.0/.well-known/openid-configuration`,
      'https://login.example/keys',
    ]);
    expect([...keys.keys()]).toEqual([key.kid]);
    expect(keys.get(key.kid)?.issuer).toBe(issuer);
  });

  it('come for all organizations from metadata without a tenant', async () => {
    const template = { ...metadata, issuer: 'https://login.example/{tenantid}/v2.0' };
    const { asked } = await load({ metadata: template }, { tenant: 'organizations' });
    expect(asked[0]).toContain('/organizations/v2.0/');
    expect(await problemOf(load({}, { tenant: 'organizations' }))).toMatch('another issuer');
    expect(await problemOf(load({ metadata: template }))).toMatch('another issuer');
  });

  it.each([
    ['https://login.microsoftonline.com', 'https://login.microsoftonline.com'],
    ['https://login.windows.net', 'https://login.microsoftonline.com'],
    ['https://login.microsoftonline.us', 'https://login.microsoftonline.us'],
    ['https://login.chinacloudapi.cn', 'https://login.partner.microsoftonline.cn'],
  ])('of %s are issued for by %s', async (authority, v2) => {
    const found = { issuer: `${v2}/${contoso.id}/v2.0`, jwks_uri: `${v2}/keys` };
    const { asked } = await load({ metadata: found }, { authority: new URL(authority) });
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['another host', { ...metadata, jwks_uri: 'https://evil.example/keys' }],
    ['another port', { ...metadata, jwks_uri: 'https://login.example:8443/keys' }],
    ['a connection that everybody reads', { ...metadata, jwks_uri: 'http://login.example/keys' }],
    ['somebody with a password', { ...metadata, jwks_uri: 'https://a:b@login.example/keys' }],
    ['a file', { ...metadata, jwks_uri: 'file:///etc/keys' }],
    ['no address', { ...metadata, jwks_uri: '/keys' }],
    ['nothing', { issuer }],
  ])('are not looked for at %s', async (_where, found) => {
    expect(await problemOf(load({ metadata: found }))).toMatch('somewhere else');
  });

  it.each([{ ...metadata, issuer: 'https://evil.example' }, {}, [], null, 'x'])(
    'are not believed where the metadata are %j',
    async (found) => {
      expect(await problemOf(load({ metadata: found }))).toMatch('another issuer');
    },
  );

  it('may come from another origin where that is configured', async () => {
    const found = { ...metadata, jwks_uri: 'https://keys.example/keys' };
    const { asked } = await load({ metadata: found }, { keyOrigins: ['https://keys.example'] });
    expect(asked[1]).toBe('https://keys.example/keys');
  });

  it('may come without TLS from the same machine', async () => {
    const authority = new URL('http://127.0.0.1:8080');
    const origin = authority.origin;
    const found = { issuer: `${origin}/${contoso.id}/v2.0`, jwks_uri: `${origin}/keys` };
    expect((await load({ metadata: found }, { authority })).keys.size).toBe(1);
  });

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['no list', { keys: { 0: key.jwk } }],
    ['an empty list', { keys: [] }],
    ['a list without end', { keys: Array.from({ length: 101 }, () => key.jwk) }],
    ['one id twice', { keys: [key.jwk, { ...createAuthorityKey().jwk, kid: key.kid }] }],
    ['keys for encryption', { keys: [{ ...key.jwk, use: 'enc' }] }],
    ['keys for another algorithm', { keys: [{ ...key.jwk, alg: 'RS512' }] }],
    ['keys without ids', { keys: [{ ...key.jwk, kid: undefined }] }],
    ['keys whose issuer is no text', { keys: [{ ...key.jwk, issuer: 1 }] }],
    ['keys that are none', { keys: [null, 1, 'x', {}, { ...key.jwk, n: 'AQAB' }] }],
    ['a key that is too short', { keys: [shortKey()] }],
  ])('are not believed where there is %s', async (_what, keys) => {
    expect(await problemOf(load({ keys }))).toMatch(/^(it has|two of)/);
  });

  it('may stand beside others, which are left out', async () => {
    const others = [{ kty: 'EC', kid: 'ec', crv: 'P-256', x: 'x', y: 'y' }, shortKey()];
    const { keys } = await load({ keys: { keys: [...others, key.jwk] } });
    expect([...keys.keys()]).toEqual([key.kid]);
  });
});

function shortKey() {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  return { ...publicKey.export({ format: 'jwk' }), use: 'sig', kid: 'short' };
}
