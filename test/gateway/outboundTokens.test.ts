import { createHash, createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  GraphCredentialError,
  GraphDeadlineError,
  type GraphErrorCode,
} from '../../src/graph/errors.ts';
import type { GraphCall } from '../../src/graph/request.ts';
import {
  type ClientCredential,
  createReadProof,
  readCertificate,
} from '../../src/identity/outbound/clientProof.ts';
import {
  type AcquisitionMeasurement,
  createAcquisition,
  createClosing,
} from '../../src/identity/outbound/credentials.ts';
import {
  type AcquiredToken,
  OutboundIdentityError,
  TokenRefusal,
  type TokenSource,
} from '../../src/identity/outbound/token.ts';
import { readGrant } from '../../src/identity/outbound/tokenAnswer.ts';
import {
  type Identity,
  identityKeyOf,
  ownSubject,
  subjectOf,
  TokenCache,
  type TokenLookup,
  tokenLifeOf,
} from '../../src/identity/outbound/tokenCache.ts';
import { Secret } from '../../src/shared/secret.ts';
import { createTestCertificates } from '../support/certificates.ts';
import { endableCall, testCall } from '../support/graphClients.ts';
import { recordingLog } from '../support/logs.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const order = { tenant: 'contoso', assertion: undefined, requestId: 'request-1' };
const token = { token: new Secret('t'), expiresInMs: 1, refreshInMs: undefined };

function createWorld(source: TokenSource, closing?: AbortSignal) {
  const clock = createVirtualClock();
  const log = recordingLog();
  const measured: AcquisitionMeasurement[] = [];
  const onAcquire = (measurement: AcquisitionMeasurement) => measured.push(measurement);
  const acquire = createAcquisition(
    'client-credentials',
    { clock, log, onAcquire, closing },
    source,
  );
  return { clock, log, measured, acquire };
}

describe('an acquisition', () => {
  it('is measured', async () => {
    const world = createWorld(async () => {
      await world.clock.advance(120);
      return token;
    });
    expect(await world.acquire(order)).toBe(token);
    expect(world.measured).toEqual([
      { flow: 'client-credentials', outcome: 'token', durationMs: 120 },
    ]);
    expect([world.log.lines, world.clock.pendingTimers]).toEqual([[], 0]);
  });

  it('is given up when the gateway stops, and leaves nothing behind', async () => {
    let seen: AbortSignal | undefined;
    const closing = createClosing();
    const world = createWorld((_order, signal) => {
      seen = signal;
      return new Promise(() => undefined);
    }, closing.signal);
    const acquiring = world.acquire(order);
    closing.abort();
    await expect(acquiring).rejects.toMatchObject({ code: 'unavailable' });
    expect([seen?.aborted, world.measured.length, world.clock.pendingTimers]).toEqual([true, 1, 0]);
  });

  it('is given up after ten seconds, whatever it waits for, and its request is cut off', async () => {
    let seen: AbortSignal | undefined;
    const { acquire, clock, measured } = createWorld((_order, signal) => {
      seen = signal;
      return new Promise(() => undefined);
    });
    const ending = expect(acquire(order)).rejects.toMatchObject({ code: 'unavailable' });
    await clock.advance(9_999);
    expect([measured, seen?.aborted]).toEqual([[], false]);
    await clock.advance(1);
    await ending;
    expect([measured[0]?.outcome, seen?.aborted]).toEqual(['unavailable', true]);
  });

  it.each<[GraphErrorCode, string]>([
    ['unauthenticated', 'refused'],
    ['throttled', 'throttled'],
    ['unavailable', 'unavailable'],
    ['badResponse', 'unavailable'],
  ])('that ends with %s counts as %s, and the log says why', async (code, outcome) => {
    const facts = { status: 400, code: 'invalid_grant', codes: ['AADSTS50079'] };
    const error = new GraphCredentialError(code, 'No.', { cause: new TokenRefusal(facts) });
    const { acquire, measured, log } = createWorld(() => Promise.reject(error));
    await expect(acquire(order)).rejects.toBe(error);
    expect(measured[0]?.outcome).toBe(outcome);
    const operation = 'client-credentials';
    const message = 'No token for Microsoft Graph was got';
    expect(log.lines).toEqual([{ message, requestId: 'request-1', operation, ...facts }]);
  });

  it('is reported to the operator once an hour for each wrong setting', async () => {
    let problem = 'The secret is wrong.';
    const { acquire, measured, log, clock } = createWorld(() =>
      Promise.reject(new OutboundIdentityError(problem, { code: 'invalid_client' })),
    );
    const fail = () => expect(acquire(order)).rejects.toBeInstanceOf(OutboundIdentityError);
    await fail();
    await fail();
    problem = 'The file is missing.';
    await fail();
    await clock.advance(60 * 60 * 1000);
    await fail();
    expect(new Set(measured.map(({ outcome }) => outcome))).toEqual(new Set(['misconfigured']));
    expect(log.lines.map(({ message }) => message)).toEqual([
      'No token for Microsoft Graph can be got: The secret is wrong.',
      'No token for Microsoft Graph can be got: The file is missing.',
      'No token for Microsoft Graph can be got: The file is missing.',
    ]);
  });

  it('that fails by a slip of ours counts as misconfigured and is no error of Graph', async () => {
    const slip = new TypeError('slip');
    const { acquire, measured } = createWorld(() => Promise.reject(slip));
    await expect(acquire(order)).rejects.toBe(slip);
    expect(measured[0]?.outcome).toBe('misconfigured');
  });
});

const minuteMs = 60_000;

describe('tokenLifeOf', () => {
  it.each<[string, number, number | undefined, number, number]>([
    ['an hour is used for 55 minutes, renewed after three quarters', 60, undefined, 55, 41.25],
    ['the issuer says when to renew', 60, 30, 55, 30],
    ['the issuer says it too late to be heeded', 60, 58, 55, 41.25],
    ['the issuer says nothing sensible', 60, 0, 55, 41.25],
    ['a day with a half-time of its issuer', 1440, 720, 1435, 720],
    ['a short life keeps a quarter as its distance', 4, undefined, 3, 2.25],
    ['a token that is over is never given out twice', 0, undefined, 0, 0],
  ])('%s', (_what, expiresIn, refreshIn, usableFor, refreshAfter) => {
    const life = tokenLifeOf({
      expiresInMs: expiresIn * minuteMs,
      refreshInMs: refreshIn === undefined ? undefined : refreshIn * minuteMs,
    });
    expect(life).toEqual({
      usableForMs: usableFor * minuteMs,
      refreshAfterMs: refreshAfter * minuteMs,
    });
  });
});

describe('token cache', () => {
  const minuteMs = 60_000;

  function keyOf(name: string) {
    const subject = subjectOf(new Secret(name));
    const common = { cloud: '', tenant: '', client: '', mode: '', scopes: [], claims: '' };
    return identityKeyOf({ ...common, subject });
  }

  /** A cache over an issuer that numbers its tokens and answers at once or when the test lets it. */
  function createWorld({ maximumTokens = 10, refreshesAhead = false } = {}) {
    const clock = createVirtualClock();
    const lookups: TokenLookup[] = [];
    const onLookup = (lookup: TokenLookup) => lookups.push(lookup);
    const cache = new TokenCache({ maximumTokens, refreshesAhead }, { clock, onLookup });
    const issuer = {
      count: 0,
      answer: (number: number): Promise<AcquiredToken> =>
        Promise.resolve({
          token: new Secret(`token-${number}`),
          expiresInMs: 60 * minuteMs,
          refreshInMs: undefined,
        }),
    };
    const ask = async (
      name = 'ada',
      wish: { call?: GraphCall; withFreshToken?: boolean } = {},
    ): Promise<string> => {
      const { call = testCall(), withFreshToken = false } = wish;
      const acquire = () => {
        issuer.count += 1;
        return issuer.answer(issuer.count);
      };
      return (await cache.tokenFor({ key: keyOf(name), call, withFreshToken, acquire })).reveal();
    };
    return { clock, cache, issuer, lookups, ask };
  }

  const never = () => new Promise<AcquiredToken>(() => undefined);
  const fail = (error: Error) => () => Promise.reject(error);
  const throttled = new GraphCredentialError('throttled', 'Too many.', { retryAfterMs: 7_000 });

  describe('TokenCache', () => {
    it('asks once for fifty calls at the same time, and gives all of them the one token', async () => {
      const { ask, issuer, lookups } = createWorld();
      const tokens = await Promise.all(Array.from({ length: 50 }, () => ask()));
      expect([new Set(tokens), issuer.count]).toEqual([new Set(['token-1']), 1]);
      expect(lookups.filter((lookup) => lookup === 'joined')).toHaveLength(49);
    });

    it('gives the token again until it nears its end, and then a new one', async () => {
      const { ask, clock, lookups } = createWorld();
      await ask();
      await clock.advance(55 * minuteMs - 1);
      expect(await ask()).toBe('token-1');
      await clock.advance(1);
      expect(await ask()).toBe('token-2');
      expect(lookups).toEqual(['miss', 'hit', 'miss']);
    });

    it('counts the life from when the token was asked for, however long it took', async () => {
      const { ask, clock, issuer } = createWorld();
      const succeed = issuer.answer;
      issuer.answer = async (number) => {
        await clock.advance(minuteMs);
        return succeed(number);
      };
      await ask();
      await clock.advance(54 * minuteMs);
      expect(await ask()).toBe('token-2');
    });

    it('keeps a token apart for each key', async () => {
      const { ask } = createWorld();
      const first = await Promise.all([ask('ada'), ask('grace')]);
      expect([...first, await ask('ada'), await ask('grace')]).toEqual([
        'token-1',
        'token-2',
        'token-1',
        'token-2',
      ]);
    });

    it('forgets who was not seen for the longest time', async () => {
      const { ask, cache } = createWorld({ maximumTokens: 2 });
      await ask('ada');
      await ask('grace');
      await ask('ada');
      await ask('lin');
      expect(cache.size).toBe(2);
      expect([await ask('ada'), await ask('grace')]).toEqual(['token-1', 'token-4']);
    });

    it('does not remember a failure', async () => {
      const { ask, issuer } = createWorld();
      const succeed = issuer.answer;
      issuer.answer = fail(new GraphCredentialError('unauthenticated', 'More is asked for.'));
      await expect(ask()).rejects.toThrow('More is asked for.');
      issuer.answer = succeed;
      expect(await ask()).toBe('token-2');
    });

    it('releases an ended call at once, and still gives the others the token', async () => {
      const { ask, issuer } = createWorld();
      let issue: (token: AcquiredToken) => void = () => undefined;
      issuer.answer = () =>
        new Promise((resolve) => {
          issue = resolve;
        });
      const { call, end } = endableCall();
      const leaving = ask('ada', { call });
      const staying = ask('ada');
      end('callerLeft');
      await expect(leaving).rejects.toBeInstanceOf(GraphDeadlineError);
      issue({ token: new Secret('late'), expiresInMs: minuteMs, refreshInMs: undefined });
      expect(await staying).toBe('late');
      expect(issuer.count).toBe(1);
    });

    it('does not wait for the token of another caller', async () => {
      const { ask, issuer } = createWorld();
      const succeed = issuer.answer;
      issuer.answer = never;
      void ask('grace');
      issuer.answer = succeed;
      expect(await ask('ada')).toBe('token-2');
    });
  });

  describe('TokenCache, where a token was refused', () => {
    it('gets another one', async () => {
      const { ask } = createWorld();
      const call = testCall();
      await ask('ada', { call });
      expect(await ask('ada', { call, withFreshToken: true })).toBe('token-2');
      expect(await ask('ada')).toBe('token-2');
    });

    it('gets one for all calls that were refused with it, whether they ask at once or later', async () => {
      const { ask, issuer } = createWorld();
      const calls = Array.from({ length: 50 }, () => testCall());
      await Promise.all(calls.map((call) => ask('ada', { call })));
      const again = (call: GraphCall) => ask('ada', { call, withFreshToken: true });
      const [late, ...prompt] = calls;
      const tokens = await Promise.all(prompt.map(again));
      expect(new Set(tokens)).toEqual(new Set(['token-2']));
      expect(late && (await again(late))).toBe('token-2');
      expect(issuer.count).toBe(2);
    });

    it('gets another one for an operation that never had one', async () => {
      const { ask } = createWorld();
      await ask();
      expect(await ask('ada', { withFreshToken: true })).toBe('token-2');
    });

    it('gets a third one where the second was refused, too', async () => {
      const { ask } = createWorld();
      const call = testCall();
      await ask('ada', { call });
      await ask('ada', { call, withFreshToken: true });
      expect(await ask('ada', { call, withFreshToken: true })).toBe('token-3');
    });

    it('gives no caller the rejected one while there is no new one', async () => {
      const { ask, issuer } = createWorld();
      const call = testCall();
      await ask('ada', { call });
      issuer.answer = fail(new GraphCredentialError('unavailable', 'Down.'));
      await expect(ask('ada', { call, withFreshToken: true })).rejects.toThrow('Down.');
      await expect(ask('ada')).rejects.toThrow('Down.');
    });
  });

  describe('TokenCache, where the issuer throttles', () => {
    it('leaves it alone for as long as it asked, for this key only', async () => {
      const { ask, issuer, clock } = createWorld();
      const succeed = issuer.answer;
      issuer.answer = fail(throttled);
      await expect(ask('ada')).rejects.toBe(throttled);
      issuer.answer = succeed;
      await clock.advance(2_000);
      await expect(ask('ada')).rejects.toMatchObject({
        code: 'throttled',
        details: { retryAfterMs: 5_000 },
      });
      expect([await ask('grace'), issuer.count]).toEqual(['token-2', 2]);
      await clock.advance(5_000);
      expect(await ask('ada')).toBe('token-3');
    });

    it('does not believe that it must be left alone for hours', async () => {
      const { ask, issuer, clock } = createWorld();
      const succeed = issuer.answer;
      issuer.answer = fail(
        new GraphCredentialError('throttled', 'Too many.', { retryAfterMs: 86_400_000 }),
      );
      await expect(ask()).rejects.toThrow();
      issuer.answer = succeed;
      await clock.advance(5 * minuteMs);
      expect(await ask()).toBe('token-2');
    });
  });

  describe('TokenCache that refreshes ahead', () => {
    it('gives the old token while one request gets the new one', async () => {
      const { ask, issuer, clock } = createWorld({ refreshesAhead: true });
      await ask();
      await clock.advance(42 * minuteMs);
      expect(await Promise.all([ask(), ask(), ask()])).toEqual(['token-1', 'token-1', 'token-1']);
      await clock.advance(0);
      expect([await ask(), issuer.count]).toEqual(['token-2', 2]);
    });

    it('goes on with the old token where the new one cannot be got, and asks again after a pause', async () => {
      const { ask, issuer, clock } = createWorld({ refreshesAhead: true });
      await ask();
      const succeed = issuer.answer;
      issuer.answer = fail(new GraphCredentialError('unavailable', 'Down.'));
      await clock.advance(42 * minuteMs);
      await ask();
      await clock.advance(29_999);
      expect([await ask(), issuer.count]).toEqual(['token-1', 2]);
      issuer.answer = succeed;
      await clock.advance(1);
      await ask();
      await clock.advance(0);
      expect([await ask(), issuer.count]).toEqual(['token-3', 3]);
    });

    it('pauses for as long as the issuer asks where that is longer', async () => {
      const { ask, issuer, clock } = createWorld({ refreshesAhead: true });
      await ask();
      issuer.answer = fail(
        new GraphCredentialError('throttled', 'Too many.', { retryAfterMs: 2 * minuteMs }),
      );
      await clock.advance(42 * minuteMs);
      await ask();
      await clock.advance(2 * minuteMs - 1);
      expect([await ask(), issuer.count]).toEqual(['token-1', 2]);
      await clock.advance(1);
      expect([await ask(), issuer.count]).toEqual(['token-1', 3]);
    });
  });
});

const identity: Identity = {
  cloud: 'global',
  tenant: 'contoso',
  client: 'gateway',
  mode: 'on-behalf-of',
  scopes: ['https://graph.microsoft.com/.default'],
  subject: subjectOf(new Secret('the token of ada')),
  claims: '',
};

describe('identityKeyOf', () => {
  it.each<[keyof Identity, Partial<Identity>]>([
    ['cloud', { cloud: 'china' }],
    ['tenant', { tenant: 'fabrikam' }],
    ['client', { client: 'another gateway' }],
    ['mode', { mode: 'app-only' }],
    ['scopes', { scopes: ['https://graph.microsoft.us/.default'] }],
    ['subject', { subject: subjectOf(new Secret('the token of grace')) }],
    ['claims', { claims: '{"access_token":{}}' }],
  ])('gives another key where only %s differs', (_part, change) => {
    expect(identityKeyOf({ ...identity, ...change })).not.toBe(identityKeyOf(identity));
  });

  it('gives the same key for the same identity, whatever the order of its parts', () => {
    const backwards = Object.fromEntries(Object.entries(identity).reverse());
    expect(identityKeyOf({ ...identity, ...backwards })).toBe(identityKeyOf({ ...identity }));
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

  it('is a digest from which nothing of the identity can be read', () => {
    expect(identityKeyOf(identity)).toMatch(/^[\w-]{43}$/);
  });
});

describe('subjectOf', () => {
  it('is the digest of the whole token', () => {
    const digest = createHash('sha256').update('the token of ada').digest('base64url');
    expect(subjectOf(new Secret('the token of ada'))).toBe(digest);
  });

  it('differs for two tokens of one person, and from no token', () => {
    const claims = Buffer.from('{"oid":"ada"}').toString('base64url');
    const subjects = [`h.${claims}.one`, `h.${claims}.two`].map((text) =>
      subjectOf(new Secret(text)),
    );
    expect(new Set([...subjects, ownSubject]).size).toBe(3);
  });
});

describe('read grant', () => {
  const nowMs = Date.UTC(2026, 1, 11);
  const token = 'header.payload.signature';

  describe('readGrant', () => {
    it.each<[string, object, number, number | undefined]>([
      ['numbers', { expires_in: 3600, refresh_in: 1800 }, 3_600_000, 1_800_000],
      ['texts', { expires_in: '3600', refresh_in: '1800' }, 3_600_000, 1_800_000],
      ['no time to renew at', { expires_in: 60, refresh_in: null }, 60_000, undefined],
      ['a time in place of a span', { expires_on: String(nowMs / 1000 + 90) }, 90_000, undefined],
      ['a time that is over', { expires_on: nowMs / 1000 - 1 }, 0, undefined],
      ['both, of which the span counts', { expires_in: 5, expires_on: 1 }, 5_000, undefined],
    ])('reads a grant with %s', (_what, times, expiresInMs, refreshInMs) => {
      const grant = readGrant({ access_token: token, ...times }, nowMs);
      expect(grant).toMatchObject({ expiresInMs, refreshInMs });
      expect(grant?.token.reveal()).toBe(token);
    });

    it.each<[string, unknown]>([
      ['no JSON', undefined],
      ['a list', [token]],
      ['no token', { expires_in: 3600 }],
      ['an empty token', { access_token: '', expires_in: 3600 }],
      ['a token that breaks a header', { access_token: 'a\r\nx: b', expires_in: 3600 }],
      ['a token that is no text', { access_token: { a: 1 }, expires_in: 3600 }],
      ['no end', { access_token: token }],
      ['an end that is no number', { access_token: token, expires_in: 'soon' }],
      ['an end before the beginning', { access_token: token, expires_in: -1 }],
    ])('believes nothing of %s', (_what, json) => {
      expect(readGrant(json, nowMs)).toBeUndefined();
    });
  });
});

describe('read proof', () => {
  const { good, bad, authority } = createTestCertificates();
  const another = createTestCertificates().good;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'proof-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  describe('the proof of who the client is', () => {
    it('is the secret', async () => {
      const readProof = createReadProof({ kind: 'secret', secret: new Secret('s3cret') });
      expect(await readProof()).toEqual({ clientSecret: 's3cret' });
    });

    it('is the token in the file, as it is at the moment', async () => {
      const path = join(folder, 'token');
      const readProof = createReadProof({ kind: 'federated-token', path });
      await writeFile(path, 'a.b.c\n');
      expect(await readProof()).toEqual({ clientAssertion: 'a.b.c' });
      await writeFile(path, 'd.e.f');
      expect(await readProof()).toEqual({ clientAssertion: 'd.e.f' });
    });

    it('is the certificate in the file, as it is at the moment, and parsed again only where it changed', async () => {
      const path = join(folder, 'certificate.pem');
      const readProof = createReadProof({ kind: 'certificate', path });
      await writeFile(path, good.key + good.cert);
      const first = await readProof();
      expect(first).toEqual({ clientCertificate: readCertificate(good.key + good.cert) });
      expect(await readProof()).toBe(first);
      await writeFile(path, another.key + another.cert);
      expect(await readProof()).toEqual({
        clientCertificate: readCertificate(another.key + another.cert),
      });
    });

    it.each<[string, ClientCredential['kind'], string | undefined, RegExp]>([
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
      const readProof = createReadProof({ kind, path, secret: new Secret('') });
      const error: unknown = await readProof().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(OutboundIdentityError);
      expect(error).toMatchObject({
        message: expect.stringMatching(sentence),
        facts: text === undefined ? { systemCode: 'ENOENT' } : {},
      });
      expect(String(error)).not.toMatch(/canary|bad-/);
    });
  });

  describe('readCertificate', () => {
    const der = new X509Certificate(good.cert).raw;
    const thumbprintSha256 = createHash('sha256').update(der).digest('hex').toUpperCase();

    it.each([
      ['key first', good.key + good.cert],
      ['certificate first', good.cert + good.key],
      ['an authority before the leaf', good.key + authority + good.cert],
      ['lines of Windows', (good.key + good.cert).replaceAll('\n', '\r\n')],
      ['words around', `Bag Attributes\n${good.key}subject=x\n${good.cert}`],
    ])('finds key and leaf in a file with %s', (_what, pem) => {
      expect(readCertificate(pem)).toEqual({ thumbprintSha256, privateKey: good.key });
    });

    it('sends the chain where it is wanted, the leaf first', () => {
      const { x5c } = readCertificate(good.key + authority + good.cert, { sendsChain: true });
      const sent = (x5c ?? '').match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
      expect(sent.map((pem) => new X509Certificate(pem).fingerprint256)).toEqual(
        [good.cert, authority].map((pem) => new X509Certificate(pem).fingerprint256),
      );
    });

    it('opens a key with its passphrase, and with no other', () => {
      const pem = lock(good.key, 'open sesame') + good.cert;
      const opened = readCertificate(pem, { passphrase: new Secret('open sesame') });
      expect(opened.privateKey).toBe(good.key);
      expect(() => readCertificate(pem)).toThrow(/cannot be read/);
      expect(() => readCertificate(pem, { passphrase: new Secret('canary') })).toThrow(
        /^(?!.*canary).*cannot be read/,
      );
    });

    it.each([
      ['no key', good.cert, /no private key/],
      ['no certificate', good.key, /no certificate that belongs to its key/],
      ['the certificate of another key', good.key + authority, /no certificate that belongs/],
      ['a broken certificate', `${good.key}${good.cert.replace('MII', 'AAA')}`, /cannot be read/],
      ['a broken key', good.key.replace('MII', 'AAA') + good.cert, /cannot be read/],
      ['a key that is not of RSA', `${ellipticKey()}${bad.selfSigned.cert}`, /not of RSA/],
    ])('refuses a file with %s', (_what, pem, sentence) => {
      expect(() => readCertificate(pem)).toThrow(sentence);
      expect(() => readCertificate(pem)).toThrow(OutboundIdentityError);
    });
  });

  function ellipticKey(): string {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  }

  function lock(key: string, passphrase: string): string {
    const cipher = 'aes-256-cbc';
    return createPrivateKey(key)
      .export({ type: 'pkcs8', format: 'pem', cipher, passphrase })
      .toString();
  }
});
