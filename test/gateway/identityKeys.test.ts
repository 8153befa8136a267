import { generateKeyPairSync } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import {
  createDocumentReader,
  DocumentError,
  loadKeySet,
  startKeyStore,
} from '../../src/identity/keys.ts';
import { startIdentity } from '../../src/identity/verifyToken.ts';
import { type EndSignal, systemClock } from '../../src/shared/clock.ts';
import { Secret } from '../../src/shared/secret.ts';
import { ada, contoso, fabrikam, gatewayClient, grace } from '../support/authority/people.ts';
import { createAuthorityKey } from '../support/authority/signingKeys.ts';
import { startAuthority } from '../support/authority/startAuthority.ts';
import { useClosing } from '../support/closing.ts';
import { recordingLog, silentLog } from '../support/logs.ts';
import {
  type Answer,
  cutOff,
  empty,
  hangUp,
  json,
  reset,
  silence,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const closeLater = useClosing();
const [first, second] = [createAuthorityKey(), createAuthorityKey()];
const live = new AbortController().signal;
// Hundreds wait with it at once.
setMaxListeners(0, live);
const host = 'https://login.example';
const issuer = `${host}/${contoso.id}/v2.0`;
const metadata = { issuer, jwks_uri: `${host}/keys` };

/** Loads from documents in place of an authority; the addresses come back too. */
async function load(documents: readonly unknown[], authority = host, tenantIds = [contoso.id]) {
  const asked: string[] = [];
  const read = async (url: URL) => documents[asked.push(url.href) - 1];
  const keys = await loadKeySet({ authority: new URL(authority), tenantIds }, read, live);
  return { asked, keys };
}

const failureOf = (found: Promise<unknown>): Promise<{ reason?: unknown; problem?: unknown }> =>
  found.then(
    () => ({}),
    (error: object) => error,
  );
const reasonOf = async (found: Promise<unknown>) => (await failureOf(found)).reason;
const problemOf = async (found: Promise<unknown>) => (await failureOf(found)).problem;

describe('the keys of an authority', () => {
  it('come from where its metadata say, for one tenant or for all organizations', async () => {
    const { asked, keys } = await load([metadata, { keys: [{ ...first.jwk, issuer }] }]);
    expect(asked).toEqual([
      `${host}/${contoso.id}/v2.0/.well-known/openid-configuration`,
      `${host}/keys`,
    ]);
    expect([...keys].map(([kid, key]) => [kid, key.issuer])).toEqual([[first.kid, issuer]]);
    const both = [contoso.id, fabrikam.id];
    const template = { ...metadata, issuer: `${host}/{tenantid}/v2.0` };
    const { asked: ofAll } = await load([template, { keys: [first.jwk] }], host, both);
    expect(ofAll[0]).toContain('/organizations/v2.0/');
    expect(await problemOf(load([metadata], host, both))).toMatch('another issuer');
    expect(await problemOf(load([template]))).toMatch('another issuer');
  });

  it.each([
    ['https://login.microsoftonline.com', 'https://login.microsoftonline.com'],
    ['https://login.windows.net', 'https://login.microsoftonline.com'],
    ['https://login.microsoftonline.us', 'https://login.microsoftonline.us'],
    ['https://login.chinacloudapi.cn', 'https://login.partner.microsoftonline.cn'],
    // The same machine needs no TLS.
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
  ])('of %s are issued for by %s', async (authority, v2) => {
    const found = { issuer: `${v2}/${contoso.id}/v2.0`, jwks_uri: `${v2}/keys` };
    expect((await load([found, { keys: [first.jwk] }], authority)).keys.size).toBe(1);
  });

  it.each<[string, unknown]>([
    ['somewhere else', { issuer, jwks_uri: 'https://evil.example/keys' }],
    ['somewhere else', { issuer, jwks_uri: 'https://login.example:8443/keys' }],
    ['somewhere else', { issuer, jwks_uri: 'http://login.example/keys' }],
    ['somewhere else', { issuer, jwks_uri: 'https://a:b@login.example/keys' }],
    ['somewhere else', { issuer, jwks_uri: '/keys' }],
    ['somewhere else', { issuer }],
    ['another issuer', { ...metadata, issuer: 'https://evil.example' }],
    ['another issuer', null],
  ])('are not loaded from %s: %j', async (problem, found) => {
    expect(await problemOf(load([found, { keys: [first.jwk] }]))).toMatch(problem);
  });

  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const shortKey = { ...publicKey.export({ format: 'jwk' }), use: 'sig', kid: 'short' };
  it.each<[string, unknown]>([
    ['nothing', {}],
    ['no list', { keys: { 0: first.jwk } }],
    [
      'a list without end',
      { keys: Array.from(Array(101), (_, id) => ({ ...first.jwk, kid: `${id}` })) },
    ],
    ['one id twice', { keys: [first.jwk, { ...second.jwk, kid: first.kid }] }],
    ['keys for encryption', { keys: [{ ...first.jwk, use: 'enc' }] }],
    ['keys for another algorithm', { keys: [{ ...first.jwk, alg: 'RS512' }] }],
    ['keys without ids', { keys: [{ ...first.jwk, kid: undefined }] }],
    ['keys whose issuer is no text', { keys: [{ ...first.jwk, issuer: 1 }] }],
    ['keys that are none', { keys: [null, 1, {}, { ...first.jwk, n: 'AQAB' }, shortKey] }],
  ])('are not believed where there is %s', async (_what, keys) => {
    expect(await problemOf(load([metadata, keys]))).toMatch(/^(it has|two of)/);
  });

  it('may stand beside others, which are left out', async () => {
    const others = [{ kty: 'EC', kid: 'ec', crv: 'P-256', x: 'x', y: 'y' }, shortKey];
    const { keys } = await load([metadata, { keys: [...others, first.jwk] }]);
    expect([...keys.keys()]).toEqual([first.kid]);
  });
});

describe('the key store', () => {
  const minuteMs = 60_000;
  const hourMs = 60 * minuteMs;
  const weekMs = 7 * 24 * hourMs;

  /** Over an authority that is a function, with time that passes only when a test says so. */
  function start({ chance = 0, failure = undefined as Error | undefined } = {}) {
    const clock = createVirtualClock();
    const log = recordingLog();
    const authority = { published: [first], failure, isHanging: false, loads: 0 };
    let offsetMs = 0;
    const loadOnce = async (end: EndSignal) => {
      authority.loads += 1;
      if (authority.isHanging) {
        await new Promise<void>((_resolve, reject) => end.addEventListener('abort', reject));
      }
      if (authority.failure) {
        throw authority.failure;
      }
      return (await load([metadata, { keys: authority.published.map(({ jwk }) => jwk) }])).keys;
    };
    const shifted = { now: () => clock.now() + offsetMs, startTimer: clock.startTimer };
    const store = startKeyStore(loadOnce, { clock: shifted, chance: () => chance, log });
    closeLater(store.close);
    const find = (kid = first.kid, signal: EndSignal = live) => store.find(kid, signal);
    const knows = async ({ kid } = first): Promise<boolean> => (await find(kid)) !== undefined;
    const jump = (ms: number): void => {
      offsetMs += ms;
    };
    return { clock, lines: log.lines, authority, store, find, knows, jump };
  }
  const down = new DocumentError('no answer came', 'ECONNREFUSED');

  it('is ready once keys were loaded, and tells how old they are', async () => {
    const { store, clock, knows } = start();
    expect([store.isReady, store.ageMs]).toEqual([false, undefined]);
    expect(await knows()).toBe(true);
    await clock.advance(hourMs);
    expect([store.isReady, store.ageMs]).toEqual([true, hourMs]);
  });

  it.each([
    ['no answer', down, { reason: 'no answer came', systemCode: 'ECONNREFUSED', state: 'no keys' }],
    [
      'a slip',
      new Error('a secret'),
      { reason: 'unexpected', systemCode: undefined, state: 'no keys' },
    ],
  ])('is not ready while %s is all that comes, and says so', async (_what, failure, line) => {
    const { store, find, authority, clock, lines } = start({ failure });
    expect(await reasonOf(find())).toBe('keys-unavailable');
    expect([store.isReady, store.ageMs, authority.loads]).toEqual([false, undefined, 1]);
    expect(lines).toEqual([
      { message: 'The keys to check tokens with could not be loaded.', ...line },
    ]);
    authority.failure = undefined;
    await clock.advance(10_000);
    expect(store.isReady).toBe(true);
  });

  it('loads again after a day, a little earlier by chance', async () => {
    const { authority, clock } = start({ chance: 0.5 });
    await clock.advance(21.5 * hourMs);
    expect(authority.loads).toBe(1);
    await clock.advance(0.2 * hourMs);
    expect(authority.loads).toBe(2);
  });

  it('tries again after 10 s, then less and less often up to every 5 min, while the authority is down', async () => {
    const { authority, clock } = start({ failure: down });
    const loads: number[] = [];
    for (const ms of [9_999, 1, 20_000, 40_000, hourMs]) {
      await clock.advance(ms);
      loads.push(authority.loads);
    }
    expect(loads).toEqual([1, 2, 3, 4, 4 + 13]);
  });

  it('has no keys after an outage of more than a day, and has them again at once afterwards', async () => {
    const { authority, clock, store, find, knows } = start();
    await clock.advance(0);
    authority.failure = down;
    await clock.advance(48 * hourMs - 1);
    expect(await knows()).toBe(true);
    await clock.advance(10_000);
    expect(await reasonOf(find())).toBe('keys-unavailable');
    expect(store.isReady).toBe(true);
    authority.failure = undefined;
    await clock.advance(10_000);
    expect(await knows()).toBe(true);
  });

  it('fetches once for all that ask at once, and once in 10 s for tokens with unknown keys', async () => {
    const { authority, clock, find, knows } = start();
    const flood = async (kid: string) =>
      new Set(await Promise.all(Array.from({ length: 50 }, () => find(kid)))).size;
    expect([await flood(first.kid), authority.loads]).toEqual([1, 1]);
    await clock.advance(minuteMs);
    for (let round = 0; round < 60; round += 1) {
      expect([await flood(`unknown-${round}`), await knows()]).toEqual([1, true]);
      await clock.advance(1_000);
    }
    expect(authority.loads).toBe(1 + 6);
  });

  it('waits for a hanging authority no longer than the operation lasts, and delays no known key', async () => {
    const { authority, clock, store, find, knows } = start();
    await clock.advance(minuteMs);
    authority.isHanging = true;
    const operation = new AbortController();
    const waiting = reasonOf(find('unknown', operation.signal));
    expect(await knows()).toBe(true);
    operation.abort('deadline');
    expect(await waiting).toBe('wait-ended');
    expect(await reasonOf(find('unknown', operation.signal))).toBe('wait-ended');
    store.close();
  });

  it('survives a clock that jumps a week ahead, because it asks before it gives up', async () => {
    const { clock, knows, jump, authority } = start();
    await clock.advance(minuteMs);
    jump(weekMs);
    expect([await knows(), authority.loads]).toEqual([true, 2]);
  });

  it('survives a clock that is set back a week: keys stay good, new ones are found, dropped ones forgotten', async () => {
    const { clock, knows, jump, authority, store } = start();
    await clock.advance(minuteMs);
    jump(-weekMs);
    expect([await knows(), store.ageMs]).toEqual([true, 0]);
    authority.published = [second];
    expect([await knows(second), await knows(first), authority.loads]).toEqual([true, false, 2]);
  });

  it('leaves no timer behind and asks no more once it is closed, but still knows its keys', async () => {
    const { clock, knows, store, authority } = start();
    await clock.advance(0);
    expect(clock.pendingTimers).toBe(1);
    store.close();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(48 * hourMs - 1);
    expect([await knows(), await knows(second), authority.loads]).toEqual([true, false, 1]);
  });

  it('starts no timer and logs nothing if it is closed in the middle of a load', async () => {
    const { clock, store, lines } = start({ failure: down });
    store.close();
    await clock.advance(0);
    expect([clock.pendingTimers, lines]).toEqual([0, []]);
  });
});

describe('the reader of documents', () => {
  async function start(answer: Answer, clock = systemClock) {
    const server = await startScriptedServer(answer);
    closeLater(server.close);
    return { server, read: createDocumentReader({ clock }) };
  }

  /** A success with any bytes, JSON unless the headers say something else. */
  const raw =
    (body: string | Buffer, headers: object = { 'content-type': 'application/json' }): Answer =>
    (response) => {
      response.writeHead(200, { ...headers });
      response.end(body);
    };
  const packed = { 'content-type': 'application/json', 'content-encoding': 'gzip' };

  it('reads a JSON document, without compression and over a connection that it does not keep', async () => {
    const { server, read } = await start(json(200, { keys: [] }));
    expect(await read(new URL('/keys?a=b', server.url), live)).toEqual({ keys: [] });
    const headers = { 'accept-encoding': 'identity', connection: 'close' };
    expect(server.requests).toMatchObject([{ method: 'GET', url: '/keys?a=b', headers }]);
  });

  it.each<[string, Answer, string]>([
    ['a redirect', empty(302, { location: 'https://evil.example' }), 'it was answered with 302'],
    ['a failure', json(500, {}), 'it was answered with 500'],
    ['HTML', raw('<html>', { 'content-type': 'text/html' }), 'it is not JSON'],
    ['no type', raw('{}', {}), 'it is not JSON'],
    ['what it did not ask for', raw(gzipSync('{}'), packed), 'it is not JSON'],
    ['a name twice', raw('{"a":1,"a":2}'), 'its JSON is broken'],
    ['more than 256 KB', raw(`{"a":"${'x'.repeat(300_000)}"}`), 'it is too large'],
    ['less than it announces', cutOff(200, '{"keys":[1,2,3]}'), 'it broke off'],
    ['a cut connection', reset, 'no answer came'],
    ['a closed connection', hangUp, 'no answer came'],
  ])('does not believe %s', async (_what, answer, problem) => {
    const { server, read } = await start(answer);
    expect(await problemOf(read(server.url, live))).toBe(problem);
  });

  it('reports the system code when no server listens', async () => {
    const { server, read } = await start(silence);
    await server.close();
    const error = { name: 'DocumentError', problem: 'no answer came', systemCode: 'ECONNREFUSED' };
    await expect(read(server.url, live)).rejects.toMatchObject(error);
  });

  const stall: Answer = (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{');
  };
  it.each([
    ['the head', silence],
    ['the rest', stall],
  ])('waits 5 s at most for %s', async (_what, answer) => {
    const clock = createVirtualClock();
    const { server, read } = await start(answer, clock);
    const problem = problemOf(read(server.url, live));
    await clock.whenPending();
    await clock.advance(4_999);
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(1);
    expect(await problem).toBe('it took too long');
  });

  it('stops without leaving a timer when no caller waits for the document', async () => {
    const clock = createVirtualClock();
    const { server, read } = await start(silence, clock);
    const end = new AbortController();
    const problem = problemOf(read(server.url, end.signal));
    end.abort();
    const later = problemOf(read(server.url, end.signal));
    expect([await problem, await later]).toEqual(Array(2).fill('it is not wanted any more'));
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('the identity of callers', () => {
  it('is verified for two tenants by the documents of all organizations, and never mixed', async () => {
    const authority = await startAuthority();
    const { keys, identify } = startIdentity({
      authority: new URL(authority.url),
      certificateAuthorities: [authority.certificateAuthority],
      tenantIds: [contoso.id, fabrikam.id],
      audiences: [gatewayClient.clientId],
      kinds: ['user'],
      clock: systemClock,
      chance: () => 0,
      log: silentLog,
    });
    closeLater(keys.close, authority.close);
    const wishes = Array.from({ length: 40 }, (_value, index) => ({
      tenant: index % 2 === 0 ? contoso : fabrikam,
      user: index % 3 === 0 ? ada : grace,
      version: index % 5 === 0 ? ('1.0' as const) : ('2.0' as const),
    }));
    const callers = await Promise.all(
      wishes.map((wish) => identify(new Secret(authority.mint(wish)), live)),
    );
    expect(callers.map(({ tenantId, subject }) => [tenantId, subject])).toEqual(
      wishes.map(({ tenant, user }) => [tenant.id, user.objectId]),
    );
    expect(authority.requests.at(-1)?.tenant).toBe('organizations');
  });
});
