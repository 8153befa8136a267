import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it, jest } from '@jest/globals';
import { GraphError, type GraphErrorCode } from '../../src/graph/errors.ts';
import { readCertificate } from '../../src/identity/outbound/clientProof.ts';
import {
  type AcquiredToken,
  acceptAnswer,
  OutboundIdentityError,
  type TokenAnswer,
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

/** What an answer grants, or means if it grants nothing. */
function judge(
  json: unknown,
  { flow = 'on-behalf-of', ...answer }: Partial<TokenAnswer> & { readonly flow?: TokenFlow } = {},
) {
  try {
    return acceptAnswer(flow, { status: 400, headers: {}, json, ...answer }, nowMs);
  } catch (error) {
    return error as Error;
  }
}

describe('a grant', () => {
  const granted = { status: 200 };
  it.each<[string, object, number, number]>([
    ['an hour is used for 55 min, renewed after 41.25', { expires_in: 3600 }, 55, 41.25],
    ['numbers may be texts', { expires_in: '3600', refresh_in: '1800' }, 55, 30],
    ['its issuer says too late when to renew', { expires_in: 3600, refresh_in: 3480 }, 55, 41.25],
    ['its issuer says nothing sensible', { expires_in: 3600, refresh_in: 0 }, 55, 41.25],
    ['a token that is over is never given out twice', { expires_in: 0 }, 0, 0],
    ['a time comes in place of a span', { expires_on: String(nowMs / 1000 + 240) }, 3, 2.25],
    ['a time is over', { expires_on: nowMs / 1000 - 1 }, 0, 0],
    ['both come, of which the span counts', { expires_in: 240, expires_on: 1 }, 3, 2.25],
  ])('is read: %s', (_what, times, usableFor, refreshAfter) => {
    const acquired = judge({ access_token: 'a.b.c', ...times }, granted) as AcquiredToken;
    expect(acquired.token.reveal()).toBe('a.b.c');
    const [usableForMs, refreshAfterMs] = [usableFor * minuteMs, refreshAfter * minuteMs];
    expect(acquired).toMatchObject({ usableForMs, refreshAfterMs });
  });

  it.each([
    undefined,
    { expires_in: 3600 },
    { access_token: '', expires_in: 3600 },
    { access_token: 'a\r\nx: b', expires_in: 3600 },
    { access_token: { a: 1 }, expires_in: 3600 },
    { access_token: 'a.b.c' },
    { access_token: 'a.b.c', expires_in: 'soon' },
    { access_token: 'a.b.c', expires_in: -1 },
  ])('is not believed: %j', (json) => {
    const message = "The token endpoint's answer cannot be believed.";
    expect(judge(json, granted)).toMatchObject({ code: 'unavailable', message });
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

  it.each<[string, unknown, object, Parameters<typeof judge>[1]?]>([
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

  it('gives the log status, word and numbers, and repeats nothing else', () => {
    const canary = 'canary-eyJhbGciOiJSUzI1NiJ9';
    const planted = { suberror: canary, error_description: canary, access_token: canary };
    const error_codes = [canary, 1, 2.5, { canary }];
    for (const [error, code] of [['invalid_client', 'invalid_client'], [canary]]) {
      const refusal = judge({ error, ...planted, error_codes });
      const shown = inspect(refusal, { depth: 9, showHidden: true }) + JSON.stringify(refusal);
      expect(shown).not.toContain('canary');
      expect(tokenFactsOf(refusal)).toEqual({ status: 400, code, codes: ['AADSTS1'] });
    }
  });
});

const identity: Parameters<typeof identityKeyOf>[0] = {
  cloud: 'global',
  tenant: 'a',
  client: 'bc',
  mode: 'on-behalf-of',
  scopes: ['d', 'e'],
  assertion: new Secret('the token of ada'),
  claims: '',
};

it('makes one key for one identity, and another if only one part differs or texts join to the same', () => {
  const changes: Partial<typeof identity>[] = [
    {},
    { cloud: 'china' },
    { tenant: 'fabrikam' },
    { client: 'another gateway' },
    { mode: 'app-only' },
    { assertion: new Secret('the next token of ada') },
    { assertion: undefined },
    { claims: '{"access_token":{}}' },
    { tenant: 'ab', client: 'c' },
    { tenant: 'a","bc', client: '' },
    { scopes: ['d e'] },
    { scopes: ['d","e'] },
    { mode: '', scopes: ['on-behalf-of', 'd', 'e'] },
  ];
  const keys = changes.map((change) => identityKeyOf({ ...identity, ...change }));
  expect(new Set(keys).size).toBe(changes.length);
  const backwards = Object.fromEntries(Object.entries(identity).reverse()) as typeof identity;
  expect(keys[0]).toBe(identityKeyOf(backwards));
  expect(keys[0]).toMatch(/^[\w-]{43}$/);
});

describe('the token cache', () => {
  /** Over an issuer that numbers its tokens, and answers at once unless the test says something else. */
  function create({ maximumTokens = 10, refreshesAhead = false } = {}) {
    const world = createOutboundWorld();
    const grant = async (): Promise<AcquiredToken> => ({
      token: new Secret(`token-${acquire.mock.calls.length}`),
      usableForMs: 55 * minuteMs,
      refreshAfterMs: 41 * minuteMs,
    });
    const acquire: jest.Mock<typeof grant> = jest.fn(grant);
    const cache = createTokenCache({ ...world.parts, maximumTokens, refreshesAhead, acquire });
    const ask = async (name = 'ada', call = testCall(), withFreshToken = false) => {
      const order = { tenant: '', assertion: new Secret(name), call };
      return (
        await cache.tokenFor(identityKeyOf({ ...identity, ...order }), order, withFreshToken)
      ).reveal();
    };
    const failOnce = (code: GraphErrorCode, retryAfterMs?: number) =>
      acquire.mockRejectedValueOnce(new GraphError(code, 'No token.', { retryAfterMs }));
    return { ...world, grant, acquire, ask, failOnce };
  }

  it('gives the token again until it nears its end, counted from when it was asked for', async () => {
    const { ask, clock, events, acquire, grant } = create();
    acquire.mockImplementationOnce(() => clock.advance(minuteMs).then(grant));
    await ask();
    await clock.advance(54 * minuteMs - 1);
    expect(await ask()).toBe('token-1');
    await clock.advance(1);
    expect(await ask()).toBe('token-2');
    expect(events).toEqual(['token miss', 'token hit', 'token miss']);
  });

  it('keeps a token apart for each key, and forgets who was not seen for the longest time', async () => {
    const { ask } = create({ maximumTokens: 2 });
    expect(await Promise.all([ask('ada'), ask('grace')])).toEqual(['token-1', 'token-2']);
    expect([await ask('ada'), await ask('lin')]).toEqual(['token-1', 'token-3']);
    expect([await ask('ada'), await ask('grace')]).toEqual(['token-1', 'token-4']);
  });

  it('releases an ended call at once, still gives the others the token, and delays no other key', async () => {
    const { ask, acquire, grant } = create();
    let issue = (): void => undefined;
    const issued = new Promise<void>((resolve) => (issue = resolve));
    acquire.mockImplementationOnce(() => {
      const token = grant();
      return issued.then(() => token);
    });
    const { call, end } = endableCall();
    const [leaving, staying] = [ask('ada', call), ask('ada')];
    end('callerLeft');
    await expect(leaving).rejects.toMatchObject({ code: 'callerLeft' });
    expect(await ask('grace')).toBe('token-2');
    issue();
    expect([await staying, acquire.mock.calls.length]).toEqual(['token-1', 2]);
  });

  it('gets one new token for all calls that were rejected with one, whether they ask at once or later', async () => {
    const { ask } = create();
    const calls = Array.from({ length: 50 }, () => testCall());
    await Promise.all(calls.map((call) => ask('ada', call)));
    const again = (call = testCall()) => ask('ada', call, true);
    const [late, ...prompt] = calls;
    expect(new Set(await Promise.all(prompt.map(again)))).toEqual(new Set(['token-2']));
    expect([await again(late), await again(late)]).toEqual(['token-2', 'token-3']);
    // An operation that never had one.
    expect([await again(), await ask()]).toEqual(['token-4', 'token-4']);
  });

  it('gives no caller the rejected token while there is no new one, and remembers no failure', async () => {
    const { ask, failOnce } = create();
    const call = testCall();
    await ask('ada', call);
    failOnce('unavailable', 86_400_000);
    await expect(ask('ada', call, true)).rejects.toThrow('No token.');
    failOnce('unauthenticated', 86_400_000);
    await expect(ask()).rejects.toThrow('No token.');
    expect(await ask()).toBe('token-4');
  });

  it.each([
    [7_000, 7_000],
    [86_400_000, 5 * minuteMs],
  ])('throttled for %i ms leaves its issuer alone for %i, by key', async (askedMs, pauseMs) => {
    const { ask, clock, failOnce } = create();
    failOnce('throttled', askedMs);
    await expect(ask()).rejects.toMatchObject({ code: 'throttled' });
    await clock.advance(pauseMs - 1);
    const details = { retryAfterMs: 1 };
    await expect(ask()).rejects.toMatchObject({ code: 'throttled', details });
    expect(await ask('grace')).toBe('token-2');
    await clock.advance(1);
    expect(await ask()).toBe('token-3');
  });

  it.each<[GraphErrorCode, number | undefined, number]>([
    ['unavailable', undefined, 30_000],
    ['throttled', 1_000, 30_000],
    ['throttled', 2 * minuteMs, 2 * minuteMs],
  ])('renews ahead once for all; after %s for %s ms it asks again after %d ms', async (...row) => {
    const [code, askedMs, pauseMs] = row;
    const { ask, acquire, clock, failOnce } = create({ refreshesAhead: true });
    await ask();
    failOnce(code, askedMs);
    await clock.advance(41 * minuteMs);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(Array(3).fill('token-1'));
    await clock.advance(pauseMs - 1);
    expect([await ask(), acquire.mock.calls.length]).toEqual(['token-1', 2]);
    await clock.advance(1);
    expect(await Promise.all([ask(), ask()])).toEqual(['token-1', 'token-1']);
    await clock.advance(0);
    expect([await ask(), acquire.mock.calls.length]).toEqual(['token-3', 3]);
  });
});

describe('the file of a client certificate', () => {
  const { good, authority } = createTestCertificates();
  const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;
  const lock = { ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'sesame' };
  const locked = createPrivateKey(good.key).export(lock) + good.cert;
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pkcs8);
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export(pkcs8);
  const read = (pem: string, passphrase?: string) =>
    readCertificate(pem, {
      passphrase: passphrase ? new Secret(passphrase) : undefined,
      sendsChain: false,
    });

  it.each<[string, string, string?]>([
    ['key first', good.key + good.cert],
    ['an authority before the leaf', good.key + authority + good.cert],
    ['lines of Windows', (good.cert + good.key).replaceAll('\n', '\r\n')],
    ['words around', `Bag Attributes\n${good.key}subject=x\n${good.cert}`],
    ['a passphrase', locked, 'sesame'],
  ])('gives key and leaf with %s', (...row) => {
    const [, pem, passphrase] = row;
    const { key, leaf, chain } = read(pem, passphrase);
    expect(key.equals(createPrivateKey(good.key))).toBe(true);
    expect([leaf.raw, chain]).toEqual([new X509Certificate(good.cert).raw, []]);
  });

  it.each([
    ['no certificate', good.key, /no certificate that belongs to its key/],
    ['the certificate of another key', good.key + authority, /no certificate that belongs/],
    ['a broken certificate', `${good.key}${good.cert.replace('MII', 'AAA')}`, /cannot be read/],
    ['a broken key', good.key.replace('MII', 'AAA') + good.cert, /cannot be read/],
    ['no passphrase', locked, /cannot be read/],
    ['another passphrase', locked, /^(?!.*canary).*cannot be read/],
    ['a key that is not of RSA', `${curve}${good.cert}`, /not of RSA/],
    ['a key that is too short to sign with', `${short}${good.cert}`, /shorter than 2048 bits/],
  ])('is rejected with %s', (what, pem, sentence) => {
    const reading = () => read(pem, what === 'another passphrase' ? 'canary' : undefined);
    expect(reading).toThrow(sentence);
    expect(reading).toThrow(OutboundIdentityError);
  });
});
