import { createHash, createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GraphError, type GraphErrorCode } from '../../src/graph/errors.ts';
import { createProve, readCertificate } from '../../src/identity/outbound/clientProof.ts';
import { createAcquisition } from '../../src/identity/outbound/credentials.ts';
import {
  type AcquiredToken,
  acceptAnswer,
  OutboundIdentityError,
  TokenRefusal,
  type TokenSource,
} from '../../src/identity/outbound/token.ts';
import { createTokenCache, identityKeyOf } from '../../src/identity/outbound/tokenCache.ts';
import { EndController } from '../../src/shared/clock.ts';
import { Secret } from '../../src/shared/secret.ts';
import { createTestCertificates } from '../support/certificates.ts';
import { endableCall, testCall } from '../support/graphClients.ts';
import { claimsOf, createOutboundWorld, type TokenWish } from '../support/outboundHarness.ts';

const minuteMs = 60_000;
const granted = { status: 200, headers: {}, json: { access_token: 'a.b.c', expires_in: 3600 } };

describe('an acquisition', () => {
  function create(source: TokenSource) {
    const world = createOutboundWorld();
    const durations: number[] = [];
    const measurements = {
      ...world.parts.measurements,
      tokenAcquired: (measured: { outcome: string; durationMs: number; flow: string }) => {
        world.parts.measurements.tokenAcquired(measured);
        durations.push(measured.durationMs);
      },
    };
    const end = new EndController();
    const parts = { ...world.parts, measurements };
    const acquire = createAcquisition('client-credentials', source, parts, end);
    const order = { tenant: 'contoso', assertion: undefined, call: testCall() };
    return { ...world, durations, end, acquire: () => acquire(order) };
  }

  it('is measured', async () => {
    const world = create(async () => {
      await world.clock.advance(120);
      return granted;
    });
    expect((await world.acquire()).token.reveal()).toBe('a.b.c');
    expect([world.events, world.durations]).toEqual([['client-credentials token'], [120]]);
    expect([world.lines, world.clock.pendingTimers]).toEqual([[], 0]);
  });

  it.each<[string, number, 'end' | 'time']>([
    ['when the gateway stops', 0, 'end'],
    ['after ten seconds', 9_999, 'time'],
  ])('is given up %s, whatever it waits for, and its request is cut off', async (_when, ms, by) => {
    let seen: AbortSignal | undefined;
    const { acquire, clock, end, events } = create((_order, signal) => {
      seen = signal;
      return new Promise(() => undefined);
    });
    const ending = expect(acquire()).rejects.toMatchObject({ code: 'unavailable' });
    await clock.advance(ms);
    expect([events, seen?.aborted]).toEqual([[], false]);
    await (by === 'end' ? end.abort() : clock.advance(1));
    await ending;
    expect([events, seen?.aborted]).toEqual([['client-credentials unavailable'], true]);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each<[GraphErrorCode, string]>([
    ['unauthenticated', 'refused'],
    ['throttled', 'throttled'],
    ['unavailable', 'unavailable'],
    ['badResponse', 'unavailable'],
  ])('that ends with %s counts as %s, and the log says why', async (code, outcome) => {
    const facts = { status: 400, code: 'invalid_grant', codes: ['AADSTS50079'] };
    const error = new GraphError(code, 'No.', { cause: new TokenRefusal('', facts) });
    const { acquire, events, lines } = create(() => Promise.reject(error));
    await expect(acquire()).rejects.toBe(error);
    expect(events).toEqual([`client-credentials ${outcome}`]);
    const operation = 'client-credentials';
    const message = 'No token for Microsoft Graph was got';
    expect(lines).toEqual([{ message, requestId: 'test-request-id', operation, ...facts }]);
  });

  it('is reported to the operator once an hour for each wrong setting', async () => {
    let problem = 'The secret is wrong.';
    const { acquire, events, lines, clock } = create(() =>
      Promise.reject(new OutboundIdentityError(problem, { code: 'invalid_client' })),
    );
    const fail = () => expect(acquire()).rejects.toBeInstanceOf(OutboundIdentityError);
    await fail();
    await fail();
    problem = 'The file is missing.';
    await fail();
    await clock.advance(60 * minuteMs);
    await fail();
    expect(new Set(events)).toEqual(new Set(['client-credentials misconfigured']));
    expect(lines.map(({ message }) => message)).toEqual([
      'No token for Microsoft Graph can be got: The secret is wrong.',
      'No token for Microsoft Graph can be got: The file is missing.',
      'No token for Microsoft Graph can be got: The file is missing.',
    ]);
  });

  it('that fails by a slip of ours counts as misconfigured and is no error of Graph', async () => {
    const slip = new TypeError('slip');
    const { acquire, events } = create(() => Promise.reject(slip));
    await expect(acquire()).rejects.toBe(slip);
    expect(events).toEqual(['client-credentials misconfigured']);
  });
});

describe('a grant', () => {
  const nowMs = Date.UTC(2026, 1, 11);
  const accept = (json: unknown) => acceptAnswer('on-behalf-of', { ...granted, json }, nowMs);

  it.each<[string, object, number, number]>([
    ['an hour is used for 55 min, renewed after 41.25', { expires_in: 3600 }, 55, 41.25],
    ['numbers may be texts', { expires_in: '3600', refresh_in: '1800' }, 55, 30],
    ['its issuer says when to renew', { expires_in: 3600, refresh_in: 1800 }, 55, 30],
    ['its issuer says it too late to be heeded', { expires_in: 3600, refresh_in: 3480 }, 55, 41.25],
    ['its issuer says nothing sensible', { expires_in: 3600, refresh_in: 0 }, 55, 41.25],
    ['its issuer says nothing', { expires_in: 3600, refresh_in: null }, 55, 41.25],
    ['a day has a half-time', { expires_in: 86_400, refresh_in: 43_200 }, 1435, 720],
    ['a short life keeps a quarter as its distance', { expires_in: 240 }, 3, 2.25],
    ['a token that is over is never given out twice', { expires_in: 0 }, 0, 0],
    ['a time comes in place of a span', { expires_on: String(nowMs / 1000 + 240) }, 3, 2.25],
    ['a time is over', { expires_on: nowMs / 1000 - 1 }, 0, 0],
    ['both come, of which the span counts', { expires_in: 240, expires_on: 1 }, 3, 2.25],
  ])('is read: %s', (_what, times, usableFor, refreshAfter) => {
    const { token, ...life } = accept({ access_token: 'a.b.c', ...times });
    expect(token.reveal()).toBe('a.b.c');
    const [usableForMs, refreshAfterMs] = [usableFor * minuteMs, refreshAfter * minuteMs];
    expect(life).toEqual({ usableForMs, refreshAfterMs });
  });

  it.each<[string, unknown]>([
    ['no JSON', undefined],
    ['a list', ['a.b.c']],
    ['no token', { expires_in: 3600 }],
    ['an empty token', { access_token: '', expires_in: 3600 }],
    ['a token that breaks a header', { access_token: 'a\r\nx: b', expires_in: 3600 }],
    ['a token that is no text', { access_token: { a: 1 }, expires_in: 3600 }],
    ['no end', { access_token: 'a.b.c' }],
    ['an end that is no number', { access_token: 'a.b.c', expires_in: 'soon' }],
    ['an end before the beginning', { access_token: 'a.b.c', expires_in: -1 }],
  ])('is not believed with %s', (_what, json) => {
    expect(() => accept(json)).toThrow('cannot be believed');
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
    const ask = async (name = 'ada', wish: TokenWish = {}) => {
      const assertion = new Secret(name);
      const key = identityKeyOf({ ...identity, assertion });
      const order = { tenant: '', assertion, call: wish.call ?? testCall() };
      return (await cache.tokenFor(key, order, wish.withFreshToken === true)).reveal();
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
    const tokens = await Promise.all(prompt.map(again));
    expect(new Set(tokens)).toEqual(new Set(['token-2']));
    expect([await again(late), issuer.count]).toEqual(['token-2', 2]);
    expect(await again(late)).toBe('token-3');
    // An operation that never had one.
    expect(await again()).toBe('token-4');
    expect(await ask()).toBe('token-4');
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
    await clock.advance(2_000);
    const details = { retryAfterMs: 5_000 };
    await expect(ask('ada')).rejects.toMatchObject({ code: 'throttled', details });
    expect([await ask('grace'), issuer.count]).toEqual(['token-2', 2]);
    await clock.advance(5_000);
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
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(['token-1', 'token-1', 'token-1']);
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
  const { good, bad, authority } = createTestCertificates();
  const another = createTestCertificates().good;
  const plain = { passphrase: undefined, sendsChain: false };
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'proof-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is the secret', async () => {
    const prove = createProve({ kind: 'secret', secret: new Secret('s3cret') });
    expect(await prove('', '')).toEqual({ client_secret: 's3cret' });
  });

  it('is signed with the certificate in the file as it is at the moment', async () => {
    const path = join(folder, 'certificate.pem');
    const prove = createProve({ kind: 'certificate', path, ...plain });
    const thumbprints: unknown[] = [];
    for (const { key, cert } of [good, good, another]) {
      await writeFile(path, key + cert);
      const { client_assertion = '' } = await prove('client', 'https://login.example/token');
      expect(claimsOf(client_assertion)).toMatchObject({ sub: 'client', jti: expect.anything() });
      const header = Buffer.from(client_assertion.split('.')[0] ?? '', 'base64url').toString();
      thumbprints.push(JSON.parse(header)['x5t#S256']);
    }
    const thumbprintOf = ({ cert }: typeof good) =>
      createHash('sha256').update(new X509Certificate(cert).raw).digest('base64url');
    expect(thumbprints).toEqual([good, good, another].map(thumbprintOf));
  });

  it.each<[string, 'certificate' | 'federated-token', string | undefined, RegExp]>([
    ['is missing', 'federated-token', undefined, /federated token cannot be read/],
    ['is empty', 'federated-token', '', /holds no token/],
    ['holds something else', 'federated-token', '<html>canary</html>', /holds no token/],
    ['is missing', 'certificate', undefined, /client certificate cannot be read/],
    ['holds something else', 'certificate', 'canary', /has no private key/],
  ])('tells that its file %s (%s)', async (_what, kind, text, sentence) => {
    const path = join(folder, `bad-${kind}`);
    await rm(path, { force: true });
    if (text !== undefined) {
      await writeFile(path, text);
    }
    const error: unknown = await createProve({ kind, path, ...plain })('', '').catch((e) => e);
    expect(error).toBeInstanceOf(OutboundIdentityError);
    const facts = text === undefined ? { systemCode: 'ENOENT' } : {};
    expect(error).toMatchObject({ message: expect.stringMatching(sentence), facts });
    expect(String(error)).not.toMatch(/canary|bad-/);
  });

  it.each([
    ['key first', good.key + good.cert],
    ['certificate first', good.cert + good.key],
    ['an authority before the leaf', good.key + authority + good.cert],
    ['lines of Windows', (good.key + good.cert).replaceAll('\n', '\r\n')],
    ['words around', `Bag Attributes\n${good.key}subject=x\n${good.cert}`],
  ])('finds key and leaf in a file with %s', (_what, pem) => {
    const { key, leaf, chain } = readCertificate(pem, plain);
    expect(key.equals(createPrivateKey(good.key))).toBe(true);
    expect([leaf.raw, chain]).toEqual([new X509Certificate(good.cert).raw, []]);
  });

  it('has the chain if it is wanted, the leaf first', () => {
    const pem = good.key + authority + good.cert;
    const { chain } = readCertificate(pem, { ...plain, sendsChain: true });
    expect(chain.map(({ raw }) => raw)).toEqual(
      [good.cert, authority].map((cert) => new X509Certificate(cert).raw),
    );
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
  const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const ellipticKey = elliptic.export(pkcs8).toString();
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const shortKey = short.export(pkcs8).toString();
  it.each([
    ['no key', good.cert, /no private key/],
    ['no certificate', good.key, /no certificate that belongs to its key/],
    ['the certificate of another key', good.key + authority, /no certificate that belongs/],
    ['a broken certificate', `${good.key}${good.cert.replace('MII', 'AAA')}`, /cannot be read/],
    ['a broken key', good.key.replace('MII', 'AAA') + good.cert, /cannot be read/],
    ['a key that is not of RSA', ellipticKey + bad.selfSigned.cert, /not of RSA/],
    ['a key that is too short to sign with', shortKey + good.cert, /shorter than 2048 bits/],
  ])('rejects a file with %s', (_what, pem, sentence) => {
    expect(() => readCertificate(pem, plain)).toThrow(sentence);
    expect(() => readCertificate(pem, plain)).toThrow(OutboundIdentityError);
  });
});
