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
import { type EndSignal, systemClock } from '../../src/shared/clock.ts';
import { contoso, fabrikam } from '../support/authority/people.ts';
import { createAuthorityKey } from '../support/authority/signingKeys.ts';
import { useClosing } from '../support/closing.ts';
import { recordingLog } from '../support/logs.ts';
import {
  type Answer,
  cutOff,
  empty,
  json,
  reset,
  silence,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import { createSkippingClock, createVirtualClock } from '../support/virtualClock.ts';

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

/** Its reason or problem. */
const whyNot = (found: Promise<unknown>): Promise<unknown> =>
  found.catch(({ reason, problem }) => reason ?? problem);

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
    expect(await whyNot(load([metadata], host, both))).toMatch('another issuer');
    expect(await whyNot(load([template]))).toMatch('another issuer');
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
    expect(await whyNot(load([found, { keys: [first.jwk] }]))).toMatch(problem);
  });

  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const shortKey = { ...publicKey.export({ format: 'jwk' }), use: 'sig', kid: 'short' };
  const many = Array.from(Array(101), (_, id) => ({ ...first.jwk, kid: `${id}` }));
  it.each<[string, unknown]>([
    ['nothing', {}],
    ['no list', { keys: { 0: first.jwk } }],
    ['a list without end', { keys: many }],
    ['one id twice', { keys: [first.jwk, { ...second.jwk, kid: first.kid }] }],
    ['keys for encryption', { keys: [{ ...first.jwk, use: 'enc' }] }],
    ['keys for another algorithm', { keys: [{ ...first.jwk, alg: 'RS512' }] }],
    ['keys without ids', { keys: [{ ...first.jwk, kid: undefined }] }],
    ['keys whose issuer is no text', { keys: [{ ...first.jwk, issuer: 1 }] }],
    ['keys that are none', { keys: [null, 1, {}, { ...first.jwk, n: 'AQAB' }, shortKey] }],
  ])('are not believed where there is %s', async (_what, keys) => {
    expect(await whyNot(load([metadata, keys]))).toMatch(/^(it has|two of)/);
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
  const down = new DocumentError('no answer came', 'ECONNREFUSED');
  const unavailable = 'keys-unavailable';

  /** Over an authority that is a function, with time that passes only when a test says so. */
  function start({ chance = 0, failure = undefined as Error | undefined } = {}) {
    const time = createVirtualClock();
    const clock = createSkippingClock(time);
    const log = recordingLog();
    const authority = { published: [first], failure, isHanging: false, loads: 0 };
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
    const store = startKeyStore(loadOnce, { clock, chance: () => chance, log });
    closeLater(store.close);
    const find = (kid = first.kid, signal: EndSignal = live) => store.find(kid, signal);
    const knows = async ({ kid } = first): Promise<boolean> => (await find(kid)) !== undefined;
    const { advance } = time;
    return { time, advance, skip: clock.skip, lines: log.lines, authority, store, find, knows };
  }

  it('is ready once keys were loaded, tells how old they are, and loads them again after a day less a chance', async () => {
    const { store, advance, knows, authority } = start({ chance: 0.5 });
    expect([store.isReady, store.ageMs]).toEqual([false, undefined]);
    expect(await knows()).toBe(true);
    await advance(21.5 * hourMs);
    expect([store.isReady, store.ageMs, authority.loads]).toEqual([true, 21.5 * hourMs, 1]);
    await advance(0.2 * hourMs);
    expect(authority.loads).toBe(2);
  });

  it.each([
    [down, 'no answer came', 'ECONNREFUSED'],
    [new Error('a secret'), 'unexpected', undefined],
  ])('is not ready while %s comes, and says so', async (failure, reason, systemCode) => {
    const { store, find, authority, advance, lines } = start({ failure });
    expect(await whyNot(find())).toBe(unavailable);
    expect([store.isReady, store.ageMs, authority.loads]).toEqual([false, undefined, 1]);
    const message = 'The keys to check tokens with could not be loaded.';
    expect(lines).toEqual([{ message, reason, systemCode, state: 'no keys' }]);
    authority.failure = undefined;
    await advance(10_000);
    expect(store.isReady).toBe(true);
  });

  it('tries again after 10 s, then less and less often up to every 5 min, while the authority is down', async () => {
    const { authority, advance } = start({ failure: down });
    const loads: number[] = [];
    for (const ms of [9_999, 1, 20_000, 40_000, hourMs]) {
      await advance(ms);
      loads.push(authority.loads);
    }
    expect(loads).toEqual([1, 2, 3, 4, 4 + 13]);
  });

  it('has no keys after an outage of more than a day, and has them again at once afterwards', async () => {
    const { authority, advance, store, find, knows } = start();
    await advance(0);
    authority.failure = down;
    await advance(48 * hourMs - 1);
    expect(await knows()).toBe(true);
    await advance(10_000);
    expect(await whyNot(find())).toBe(unavailable);
    expect(store.isReady).toBe(true);
    authority.failure = undefined;
    await advance(10_000);
    expect(await knows()).toBe(true);
    const { loads } = authority;
    await advance(23 * hourMs);
    expect(authority.loads).toBe(loads);
  });

  it('fetches once for all that ask at once, and once in 10 s for tokens with unknown keys', async () => {
    const { authority, advance, find, knows } = start();
    const flood = async (kid: string) =>
      new Set(await Promise.all(Array.from({ length: 50 }, () => find(kid)))).size;
    expect([await flood(first.kid), authority.loads]).toEqual([1, 1]);
    await advance(minuteMs);
    for (let round = 0; round < 60; round += 1) {
      expect([await flood(`unknown-${round}`), await knows()]).toEqual([1, true]);
      await advance(1_000);
    }
    expect(authority.loads).toBe(1 + 6);
  });

  it('waits for a hanging authority no longer than the operation lasts, and delays no known key', async () => {
    const { authority, advance, find, knows } = start();
    await advance(minuteMs);
    authority.isHanging = true;
    const operation = new AbortController();
    const waiting = whyNot(find('unknown', operation.signal));
    expect(await knows()).toBe(true);
    operation.abort('deadline');
    expect(await waiting).toBe('wait-ended');
    expect(await whyNot(find('unknown', operation.signal))).toBe('wait-ended');
  });

  it('survives a clock that jumps a week: ahead it asks before it gives up, back it still finds new keys', async () => {
    const { advance, knows, skip, authority, store } = start();
    await advance(minuteMs);
    skip(weekMs);
    expect([await knows(), authority.loads]).toEqual([true, 2]);
    skip(-weekMs);
    expect([await knows(), store.ageMs]).toEqual([true, 0]);
    authority.published = [second];
    expect([await knows(second), await knows(first), authority.loads]).toEqual([true, false, 3]);
  });

  it('leaves no timer behind and asks no more once it is closed, but still knows its keys', async () => {
    const { time, advance, knows, store, authority } = start();
    await advance(0);
    expect(time.pendingTimers).toBe(1);
    store.close();
    expect(time.pendingTimers).toBe(0);
    await advance(48 * hourMs - 1);
    expect([await knows(), await knows(second), authority.loads]).toEqual([true, false, 1]);
    const failing = start({ failure: down });
    // In the middle of a load.
    failing.store.close();
    await failing.advance(0);
    expect([failing.time.pendingTimers, failing.lines]).toEqual([0, []]);
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
    (response) =>
      response.writeHead(200, { ...headers }).end(body);
  const packed = { 'content-type': 'application/json', 'content-encoding': 'gzip' };

  it('reads a JSON document, without compression and over a connection that it does not keep', async () => {
    const { server, read } = await start(json(200, { keys: [] }));
    expect(await read(new URL('/keys?a=b', server.url), live)).toEqual({ keys: [] });
    const headers = { 'accept-encoding': 'identity', connection: 'close' };
    expect(server.requests).toMatchObject([{ method: 'GET', url: '/keys?a=b', headers }]);
  });

  it.each<[string, Answer, string]>([
    ['a redirect', empty(302, { location: 'https://evil.example' }), 'it was answered with 302'],
    ['HTML', raw('<html>', { 'content-type': 'text/html' }), 'it is not JSON'],
    ['no type', raw('{}', {}), 'it is not JSON'],
    ['what it did not ask for', raw(gzipSync('{}'), packed), 'it is not JSON'],
    ['a name twice', raw('{"a":1,"a":2}'), 'its JSON is broken'],
    ['more than 256 KB', raw(`{"a":"${'x'.repeat(300_000)}"}`), 'it is too large'],
    ['less than it announces', cutOff(200, '{"keys":[1,2,3]}'), 'it broke off'],
    ['a cut connection', reset, 'no answer came'],
  ])('does not believe %s', async (what, answer, problem) => {
    const { server, read } = await start(answer);
    const systemCode = what === 'a cut connection' ? 'ECONNRESET' : undefined;
    const error = await read(server.url, live).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DocumentError);
    expect(error).toMatchObject({ problem, ...(systemCode && { systemCode }) });
  });

  const stall: Answer = (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write('{');
  };
  it.each([
    ['the head', silence],
    ['the rest', stall],
  ])('waits 5 s at most for %s, as long as it is wanted', async (...row) => {
    const clock = createVirtualClock();
    const { server, read } = await start(row[1], clock);
    const problem = whyNot(read(server.url, live));
    await clock.whenPending();
    await clock.advance(4_999);
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(1);
    expect(await problem).toBe('it took too long');
    const end = new AbortController();
    const wanted = whyNot(read(server.url, end.signal));
    end.abort();
    const later = whyNot(read(server.url, end.signal));
    expect([await wanted, await later]).toEqual(Array(2).fill('it is not wanted any more'));
    expect(clock.pendingTimers).toBe(0);
  });
});
