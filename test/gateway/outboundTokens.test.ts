import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GraphError, type GraphErrorCode } from '../../src/graph/errors.ts';
import type { GraphCall } from '../../src/graph/request.ts';
import { createProve, readCertificate } from '../../src/identity/outbound/clientProof.ts';
import {
  type AcquiredToken,
  acceptAnswer,
  OutboundIdentityError,
  type TokenFlow,
  tokenFactsOf,
} from '../../src/identity/outbound/token.ts';
import { createTokenCache, identityKeyOf } from '../../src/identity/outbound/tokenCache.ts';
import { Secret } from '../../src/shared/secret.ts';
import { createTestCertificates } from '../support/certificates.ts';
import { endableCall, testCall } from '../support/graphClients.ts';
import { createOutboundWorld } from '../support/outboundHarness.ts';

const minuteMs = 60_000;
const nowMs = Date.UTC(2026, 1, 11, 8, 30, 5);

interface Circumstances {
  readonly status?: number;
  readonly flow?: TokenFlow;
  readonly headers?: Readonly<Record<string, string[]>>;
}

/** What an answer grants, or means if it grants nothing. */
function judge(
  json: unknown,
  { status = 400, flow = 'on-behalf-of', headers = {} }: Circumstances,
) {
  try {
    return acceptAnswer(flow, { status, headers, json }, nowMs);
  } catch (error) {
    return error as Error;
  }
}

describe('a grant', () => {
  it.each<[string, object, number, number]>([
    ['an hour is used for 55 min, renewed after 41.25', { expires_in: 3600 }, 55, 41.25],
    ['numbers may be texts', { expires_in: '3600', refresh_in: '1800' }, 55, 30],
    ['its issuer says too late when to renew', { expires_in: 3600, refresh_in: 3480 }, 55, 41.25],
    ['its issuer says nothing sensible', { expires_in: 3600, refresh_in: 0 }, 55, 41.25],
    ['a short life keeps a quarter as its distance', { expires_in: 240 }, 3, 2.25],
    ['a token that is over is never given out twice', { expires_in: 0 }, 0, 0],
    ['a time comes in place of a span', { expires_on: String(nowMs / 1000 + 240) }, 3, 2.25],
    ['a time is over', { expires_on: nowMs / 1000 - 1 }, 0, 0],
    ['both come, of which the span counts', { expires_in: 240, expires_on: 1 }, 3, 2.25],
  ])('is read: %s', (_what, times, usableFor, refreshAfter) => {
    const { token, ...life } = judge(
      { access_token: 'a.b.c', ...times },
      { status: 200 },
    ) as AcquiredToken;
    expect(token.reveal()).toBe('a.b.c');
    const [usableForMs, refreshAfterMs] = [usableFor * minuteMs, refreshAfter * minuteMs];
    expect(life).toEqual({ usableForMs, refreshAfterMs });
  });

  it.each<[string, unknown]>([
    ['no JSON', undefined],
    ['no token', { expires_in: 3600 }],
    ['an empty token', { access_token: '', expires_in: 3600 }],
    ['a token that breaks a header', { access_token: 'a\r\nx: b', expires_in: 3600 }],
    ['a token that is no text', { access_token: { a: 1 }, expires_in: 3600 }],
    ['no end', { access_token: 'a.b.c' }],
    ['an end that is no number', { access_token: 'a.b.c', expires_in: 'soon' }],
    ['an end before the beginning', { access_token: 'a.b.c', expires_in: -1 }],
  ])('is not believed with %s', (_what, json) => {
    const message = "The token endpoint's answer cannot be believed.";
    expect(judge(json, { status: 200 })).toMatchObject({ code: 'unavailable', message });
  });
});

describe('a refusal', () => {
  const claims = '{"access_token":{"capolids":{"essential":true,"values":["canary-free"]}}}';
  const user = { code: 'unauthenticated', message: expect.stringMatching(/get a new one/) };
  const withClaims = { code: 'unauthenticated', details: { claims } };
  const withoutClaims = { code: 'unauthenticated', details: { claims: undefined } };
  const needsConsent = { code: 'unauthenticated', message: expect.stringMatching(/no consent/) };
  const passing = { code: 'unavailable', details: { fault: 'not-connected' } };
  const passingFor2s = { ...passing, details: { fault: 'not-connected', retryAfterMs: 2128 } };
  const throttled = (retryAfterMs: number) => ({ code: 'throttled', details: { retryAfterMs } });
  const ofSetup = (sentence: string) => ({
    name: 'Error',
    message: expect.stringContaining(sentence),
    facts: { status: 400 },
  });
  const unknown = ofSetup('rejects the registration or the credential');
  const headers = { 'retry-after': ['2.128', '9'] };
  const asked = (text: string) => ({ error: 'interaction_required', claims: text });
  const app = { flow: 'client-credentials' } as const;
  const machine = { flow: 'managed-identity' } as const;
  const numbered = (number: number) => ({ error: 'invalid_client', error_codes: [number] });

  it.each<[string, unknown, object, Circumstances?]>([
    ['more is asked of the user', asked(claims), withClaims],
    ['a grant is refused with claims', { error: 'invalid_grant', claims }, withClaims],
    ['claims are no JSON', asked('capolids'), withoutClaims],
    ['claims are no object', asked('[1]'), withoutClaims],
    ['claims are endless', asked(JSON.stringify({ a: 'x'.repeat(9000) })), withoutClaims],
    ['a grant is refused', { error: 'invalid_grant' }, user],
    ['a login is asked for', { error: 'login_required' }, user],
    ['consent is missing', { error: 'invalid_grant', suberror: 'consent_required' }, needsConsent],
    ['consent is asked for', { error: 'consent_required' }, needsConsent],
    ['the request is malformed', { error: 'invalid_request' }, unknown],
    ['the secret is wrong', numbered(7000215), ofSetup('secret is wrong'), app],
    ['the app is unknown', numbered(700016), ofSetup('not registered in this tenant')],
    ['its number says nothing', numbered(1), unknown],
    ['no user stands behind it', { error: 'invalid_grant', claims }, unknown, app],
    ['a machine has no identity', numbered(7000215), ofSetup('no managed identity'), machine],
    ['there are too many for so long', {}, throttled(2128), { status: 429, headers }],
    ['there are too many', {}, throttled(1000), { status: 429 }],
    ['it broke', { error: 'server_error' }, passing, { status: 500 }],
    ['it is down for so long', '<html>', passingFor2s, { status: 503, headers }],
    ['it is down and says it with 400', { error: 'temporarily_unavailable' }, passing],
    ['a proxy answers', {}, passing, { status: 403 }],
    ['it sends elsewhere', {}, passing, { status: 302 }],
    ['a success is none', { error: 'invalid_client' }, passing, { status: 204 }],
  ])('concerns whom it should when %s', (_what, body, error, circumstances = {}) => {
    expect(judge(body, circumstances)).toMatchObject(error);
  });

  const canary = 'canary-eyJhbGciOiJSUzI1NiJ9';
  it.each([
    ['invalid_client', 'invalid_client'],
    ['invalid_grant', 'invalid_grant'],
    [canary, undefined],
  ])('gives the log status, word and numbers of %s and repeats nothing else', (error, code) => {
    const planted = { suberror: canary, error_description: canary, access_token: canary };
    const error_codes = [canary, 1, 2.5, { canary }];
    const refusal = judge({ error, ...planted, error_codes }, {});
    const shown = inspect(refusal, { depth: 9, showHidden: true }) + JSON.stringify(refusal);
    expect(shown).not.toContain('canary');
    expect(tokenFactsOf(refusal)).toEqual({ status: 400, code, codes: ['AADSTS1'] });
  });
});

const identity: Parameters<typeof identityKeyOf>[0] = {
  cloud: 'global',
  tenant: 'contoso',
  client: 'gateway',
  mode: 'on-behalf-of',
  scopes: ['https://graph.microsoft.com/.default'],
  assertion: new Secret('the token of ada'),
  claims: '',
};

describe('the key of an identity', () => {
  it.each<[string, Partial<typeof identity>]>([
    ['cloud', { cloud: 'china' }],
    ['tenant', { tenant: 'fabrikam' }],
    ['client', { client: 'another gateway' }],
    ['mode', { mode: 'app-only' }],
    ['scopes', { scopes: ['https://graph.microsoft.us/.default'] }],
    ['token', { assertion: new Secret('the next token of ada') }],
    ['absence of a token', { assertion: undefined }],
    ['claims', { claims: '{"access_token":{}}' }],
  ])('is another one if only the %s differs', (_part, change) => {
    expect(identityKeyOf({ ...identity, ...change })).not.toBe(identityKeyOf(identity));
  });

  it('is one digest for one identity, whatever the order of its parts', () => {
    const backwards = Object.fromEntries(Object.entries(identity).reverse()) as typeof identity;
    expect(identityKeyOf(backwards)).toBe(identityKeyOf(identity));
    expect(identityKeyOf(identity)).toMatch(/^[\w-]{43}$/);
  });

  it('does not take two identities for one because their texts join to the same', () => {
    const left = { ...identity, tenant: 'a', client: 'bc', scopes: ['d', 'e'] };
    const keys = [
      left,
      { ...left, tenant: 'ab', client: 'c' },
      { ...left, tenant: 'a","bc', client: '' },
      { ...left, scopes: ['d e'] },
      { ...left, scopes: ['d","e'] },
      { ...left, client: 'bc', mode: '', scopes: ['on-behalf-of', 'd', 'e'] },
    ].map(identityKeyOf);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('the token cache', () => {
  /** Over an issuer that numbers its tokens and answers at once or when the test lets it. */
  function create({ maximumTokens = 10, refreshesAhead = false } = {}) {
    const world = createOutboundWorld();
    const grant = async (number: number): Promise<AcquiredToken> => ({
      token: new Secret(`token-${number}`),
      usableForMs: 55 * minuteMs,
      refreshAfterMs: 41 * minuteMs,
    });
    const issuer = { count: 0, grant, answer: grant };
    const acquire = () => {
      issuer.count += 1;
      return issuer.answer(issuer.count);
    };
    const cache = createTokenCache({ ...world.parts, maximumTokens, refreshesAhead, acquire });
    const ask = async (name = 'ada', wish: { call?: GraphCall; withFreshToken?: true } = {}) => {
      const { call = testCall(), withFreshToken = false } = wish;
      const assertion = new Secret(name);
      const key = identityKeyOf({ ...identity, assertion });
      const order = { tenant: '', assertion, call };
      return (await cache.tokenFor(key, order, withFreshToken)).reveal();
    };
    const failWith = (code: GraphErrorCode, retryAfterMs?: number): void => {
      const error = new GraphError(code, 'No token.', { retryAfterMs });
      issuer.answer = () => Promise.reject(error);
    };
    const heal = () => void Object.assign(issuer, { answer: grant });
    return { ...world, issuer, ask, failWith, heal };
  }

  it('gives the token again until it nears its end, and then a new one', async () => {
    const { ask, clock, events } = create();
    await ask();
    await clock.advance(55 * minuteMs - 1);
    expect(await ask()).toBe('token-1');
    await clock.advance(1);
    expect(await ask()).toBe('token-2');
    expect(events).toEqual(['token miss', 'token hit', 'token miss']);
  });

  it('counts the life from when the token was asked for, however long it took', async () => {
    const { ask, clock, issuer } = create();
    issuer.answer = async (number) => {
      await clock.advance(minuteMs);
      return issuer.grant(number);
    };
    await ask();
    await clock.advance(54 * minuteMs);
    expect(await ask()).toBe('token-2');
  });

  it('keeps a token apart for each key, and forgets who was not seen for the longest time', async () => {
    const { ask } = create({ maximumTokens: 2 });
    expect(await Promise.all([ask('ada'), ask('grace')])).toEqual(['token-1', 'token-2']);
    expect([await ask('ada'), await ask('lin')]).toEqual(['token-1', 'token-3']);
    expect([await ask('ada'), await ask('grace')]).toEqual(['token-1', 'token-4']);
  });

  it('releases an ended call at once, still gives the others the token, and delays no other key', async () => {
    const { ask, issuer, heal } = create();
    let issue: (token: AcquiredToken) => void = () => undefined;
    issuer.answer = () =>
      new Promise((resolve) => {
        issue = resolve;
      });
    const { call, end } = endableCall();
    const leaving = ask('ada', { call });
    const staying = ask('ada');
    end('callerLeft');
    await expect(leaving).rejects.toMatchObject({ code: 'callerLeft' });
    heal();
    expect(await ask('grace')).toBe('token-2');
    issue(await issuer.grant(1));
    expect([await staying, issuer.count]).toEqual(['token-1', 2]);
  });

  it('gets one new token for all calls that were rejected with one, whether they ask at once or later', async () => {
    const { ask, issuer } = create();
    const calls = Array.from({ length: 50 }, () => testCall());
    await Promise.all(calls.map((call) => ask('ada', { call })));
    const again = (call = testCall()) => ask('ada', { call, withFreshToken: true });
    const [late, ...prompt] = calls;
    expect(new Set(await Promise.all(prompt.map(again)))).toEqual(new Set(['token-2']));
    expect([await again(late), issuer.count]).toEqual(['token-2', 2]);
    expect(await again(late)).toBe('token-3');
    // An operation that never had one.
    expect([await again(), await ask()]).toEqual(['token-4', 'token-4']);
  });

  it('gives no caller the rejected token while there is no new one', async () => {
    const { ask, failWith } = create();
    const call = testCall();
    await ask('ada', { call });
    failWith('unavailable');
    await expect(ask('ada', { call, withFreshToken: true })).rejects.toThrow('No token.');
    await expect(ask('ada')).rejects.toThrow('No token.');
  });

  it('leaves an issuer that throttles alone for as long as it asked, for this key only', async () => {
    const { ask, issuer, clock, failWith, heal } = create();
    failWith('throttled', 7_000);
    await expect(ask('ada')).rejects.toMatchObject({ code: 'throttled' });
    heal();
    await clock.advance(6_999);
    const details = { retryAfterMs: 1 };
    await expect(ask('ada')).rejects.toMatchObject({ code: 'throttled', details });
    expect([await ask('grace'), issuer.count]).toEqual(['token-2', 2]);
    await clock.advance(1);
    expect(await ask('ada')).toBe('token-3');
  });

  it.each<[string, GraphErrorCode, number]>([
    ['does not remember a failure', 'unauthenticated', 0],
    ['does not believe that it must leave the issuer alone for hours', 'throttled', 5 * minuteMs],
  ])('%s', async (_what, code, pauseMs) => {
    const { ask, clock, failWith, heal } = create();
    failWith(code, 86_400_000);
    await expect(ask()).rejects.toThrow('No token.');
    heal();
    await clock.advance(pauseMs);
    expect(await ask()).toBe('token-2');
  });

  it('gives the old token while one request gets the new one, if it refreshes ahead', async () => {
    const { ask, issuer, clock } = create({ refreshesAhead: true });
    await ask();
    await clock.advance(41 * minuteMs);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(Array(3).fill('token-1'));
    await clock.advance(0);
    expect([await ask(), issuer.count]).toEqual(['token-2', 2]);
  });

  it.each<[GraphErrorCode, number | undefined, number]>([
    ['unavailable', undefined, 30_000],
    ['throttled', 1_000, 30_000],
    ['throttled', 2 * minuteMs, 2 * minuteMs],
  ])(
    'goes on with the old token after %s for %s ms, and asks again after %d ms',
    async (code, askedMs, pauseMs) => {
      const { ask, issuer, clock, failWith, heal } = create({ refreshesAhead: true });
      await ask();
      failWith(code, askedMs);
      await clock.advance(41 * minuteMs);
      await ask();
      heal();
      await clock.advance(pauseMs - 1);
      expect([await ask(), issuer.count]).toEqual(['token-1', 2]);
      await clock.advance(1);
      await ask();
      await clock.advance(0);
      expect([await ask(), issuer.count]).toEqual(['token-3', 3]);
    },
  );
});

describe('the proof of who the client is', () => {
  const { good, authority } = createTestCertificates();
  const plain = { passphrase: undefined, sendsChain: false };
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'proof-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each<[string, 'certificate' | 'federated-token', string | undefined, RegExp]>([
    ['is missing', 'federated-token', undefined, /federated token cannot be read/],
    ['holds something else', 'federated-token', '<html>canary</html>', /holds no token/],
    ['is missing', 'certificate', undefined, /client certificate cannot be read/],
    ['holds something else', 'certificate', 'canary', /has no private key/],
  ])('tells that its file %s (%s)', async (_what, kind, text, sentence) => {
    const path = join(folder, `${text === undefined}-${kind}`);
    if (text !== undefined) {
      await writeFile(path, text);
    }
    const error: unknown = await createProve({ kind, path, ...plain })('', '').catch((e) => e);
    expect(error).toBeInstanceOf(OutboundIdentityError);
    const facts = text === undefined ? { systemCode: 'ENOENT' } : {};
    expect(error).toMatchObject({ message: expect.stringMatching(sentence), facts });
    expect(String(error)).not.toMatch(/canary|-federated|-certificate/);
  });

  it.each([
    ['key first', good.key + good.cert],
    ['an authority before the leaf', good.key + authority + good.cert],
    ['lines of Windows', (good.cert + good.key).replaceAll('\n', '\r\n')],
    ['words around', `Bag Attributes\n${good.key}subject=x\n${good.cert}`],
  ])('finds key and leaf in a file with %s', (_what, pem) => {
    const { key, leaf, chain } = readCertificate(pem, plain);
    expect(key.equals(createPrivateKey(good.key))).toBe(true);
    expect([leaf.raw, chain]).toEqual([new X509Certificate(good.cert).raw, []]);
  });

  it('opens a key with its passphrase, and with no other', () => {
    const lock = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'sesame' };
    const pem = createPrivateKey(good.key).export(lock as never) + good.cert;
    const open = (text?: string) =>
      readCertificate(pem, { ...plain, passphrase: text ? new Secret(text) : undefined });
    expect(open('sesame').key.equals(createPrivateKey(good.key))).toBe(true);
    expect(() => open()).toThrow(/cannot be read/);
    expect(() => open('canary')).toThrow(/^(?!.*canary).*cannot be read/);
  });

  const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pkcs8);
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export(pkcs8);
  it.each([
    ['no certificate', good.key, /no certificate that belongs to its key/],
    ['the certificate of another key', good.key + authority, /no certificate that belongs/],
    ['a broken certificate', `${good.key}${good.cert.replace('MII', 'AAA')}`, /cannot be read/],
    ['a broken key', good.key.replace('MII', 'AAA') + good.cert, /cannot be read/],
    ['a key that is not of RSA', `${curve}${good.cert}`, /not of RSA/],
    ['a key that is too short to sign with', `${short}${good.cert}`, /shorter than 2048 bits/],
  ])('rejects a file with %s', (_what, pem, sentence) => {
    expect(() => readCertificate(pem, plain)).toThrow(sentence);
    expect(() => readCertificate(pem, plain)).toThrow(OutboundIdentityError);
  });
});
