import { generateKeyPairSync } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  createDocumentReader,
  DocumentError,
  loadKeySet,
  readKeySet,
  startKeyStore,
} from '../../src/identity/keys.ts';
import { startIdentity } from '../../src/identity/verifyToken.ts';
import { type EndSignal, systemClock } from '../../src/shared/clock.ts';
import { Secret } from '../../src/shared/secret.ts';
import { ada, contoso, fabrikam, gatewayClient, grace } from '../support/authority/people.ts';
import { type AuthorityKey, createAuthorityKey } from '../support/authority/signingKeys.ts';
import { startAuthority, type TestAuthority } from '../support/authority/startAuthority.ts';
import { useClosing } from '../support/closing.ts';
import { recordingLog } from '../support/logs.ts';
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
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts';

const key = createAuthorityKey();
const live = new AbortController().signal;
// Hundreds wait with it at once.
setMaxListeners(0, live);
const issuer = `https://login.example/${contoso.id}/v2.0`;
const metadata = { issuer, jwks_uri: 'https://login.example/keys' };

interface Documents {
  readonly metadata: unknown;
  readonly keys: unknown;
}

/** Loads from documents by their addresses; the asked addresses come back too. */
async function load(
  documents: Partial<Documents>,
  source: Partial<Parameters<typeof loadKeySet>[0]> = {},
) {
  const asked: string[] = [];
  const authority = source.authority ?? new URL('https://login.example');
  const read = async (url: URL): Promise<unknown> => {
    asked.push(url.href);
    const { metadata: first = metadata, keys: second = { keys: [key.jwk] } } = documents;
    return asked.length === 1 ? first : second;
  };
  const whole = { authority, tenant: contoso.id, ...source };
  return { asked, keys: await loadKeySet(whole, read, live) };
}

const failureOf = (found: Promise<unknown>): Promise<{ reason?: unknown; problem?: unknown }> =>
  found.then(
    () => ({}),
    (error: object) => error,
  );
const reasonOf = async (found: Promise<unknown>) => (await failureOf(found)).reason;
const problemOf = async (loaded: Promise<unknown>) => (await failureOf(loaded)).problem;

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
    // The same machine needs no TLS.
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
  ])('of %s are issued for by %s', async (authority, v2) => {
    const found = { issuer: `${v2}/${contoso.id}/v2.0`, jwks_uri: `${v2}/keys` };
    const { asked } = await load({ metadata: found }, { authority: new URL(authority) });
    expect(asked).toHaveLength(2);
  });

  const elsewhere = 'the metadata say that the keys are somewhere else';
  const stranger = 'the metadata are those of another issuer';
  it.each<[string, unknown, string]>([
    ...[
      'https://evil.example/keys',
      'https://login.example:8443/keys',
      'http://login.example/keys',
      'https://a:b@login.example/keys',
      'file:///etc/keys',
      '/keys',
      undefined,
    ].map((jwks_uri) => [`keys at ${jwks_uri}`, { issuer, jwks_uri }, elsewhere] as never),
    ['the issuer of another', { ...metadata, issuer: 'https://evil.example' }, stranger],
    ...[{}, [], null, 'x'].map((found) => [JSON.stringify(found), found, stranger] as never),
  ])('are not loaded if the metadata say %s', async (_what, found, problem) => {
    expect(await problemOf(load({ metadata: found }))).toBe(problem);
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

describe('the key store', () => {
  const minuteMs = 60_000;
  const hourMs = 60 * minuteMs;
  const [first, second] = [createAuthorityKey(), createAuthorityKey()];
  const closeLater = useClosing();

  /** Over an authority that is a function, with time that passes only when a test says so. */
  function start({ chance = 0, isDown = false } = {}) {
    const clock = createVirtualClock();
    const log = recordingLog();
    const authority = { published: [first], isDown, isHanging: false, loads: 0 };
    let offsetMs = 0;
    const load = async (end: EndSignal) => {
      authority.loads += 1;
      if (authority.isHanging) {
        await new Promise<void>((_resolve, reject) => end.addEventListener('abort', reject));
      }
      if (authority.isDown) {
        throw new DocumentError('no answer came', 'ECONNREFUSED');
      }
      return readKeySet({ keys: authority.published.map(({ jwk }) => jwk) });
    };
    const now = () => clock.now() + offsetMs;
    const shifted = { now, startTimer: clock.startTimer };
    const store = startKeyStore(load, { clock: shifted, chance: () => chance, log });
    closeLater(store.close);
    const knows = async (...keys: AuthorityKey[]): Promise<boolean[]> => {
      const found: boolean[] = [];
      for (const { kid } of keys) {
        found.push((await store.find(kid, live)) !== undefined);
      }
      return found;
    };
    const jump = (ms: number): void => {
      offsetMs += ms;
    };
    return { clock, lines: log.lines, authority, store, knows, jump };
  }

  it('is ready once keys were loaded, and tells how old they are', async () => {
    const { store, clock, knows } = start();
    expect([store.isReady, store.ageMs]).toEqual([false, undefined]);
    expect(await knows(first)).toEqual([true]);
    await clock.advance(hourMs);
    expect([store.isReady, store.ageMs]).toEqual([true, hourMs]);
  });

  it('is not ready while the authority is down from the start, and says so', async () => {
    const { store, authority, clock, lines } = start({ isDown: true });
    expect(await reasonOf(store.find(first.kid, live))).toBe('keys-unavailable');
    expect([store.isReady, store.ageMs, authority.loads]).toEqual([false, undefined, 1]);
    expect(lines).toMatchObject([
      { reason: 'no answer came', systemCode: 'ECONNREFUSED', state: 'no keys' },
    ]);
    authority.isDown = false;
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
    const { authority, clock } = start({ isDown: true });
    const loads: number[] = [];
    for (const ms of [9_999, 1, 20_000, 40_000]) {
      await clock.advance(ms);
      loads.push(authority.loads);
    }
    expect(loads).toEqual([1, 2, 3, 4]);
    await clock.advance(hourMs);
    expect(authority.loads).toBe(4 + 13);
  });

  it('is asked by many at once, and asks once', async () => {
    const { authority, store } = start();
    const asked = Array.from({ length: 100 }, () => store.find(first.kid, live));
    const found = new Set(await Promise.all(asked));
    expect([found.size, found.has(undefined), authority.loads]).toEqual([1, false, 1]);
  });

  it('has no keys after an outage of more than a day, and has them again at once afterwards', async () => {
    const { authority, clock, store, knows } = start();
    await clock.advance(0);
    authority.isDown = true;
    await clock.advance(48 * hourMs - 1);
    expect(await knows(first)).toEqual([true]);
    await clock.advance(10_000);
    expect(await reasonOf(store.find(first.kid, live))).toBe('keys-unavailable');
    expect(store.isReady).toBe(true);
    authority.isDown = false;
    await clock.advance(10_000);
    expect(await knows(first)).toEqual([true]);
  });

  it('fetches once in 10 s when many tokens have unknown keys', async () => {
    const { authority, clock, store, knows } = start();
    await clock.advance(minuteMs);
    for (let round = 0; round < 60; round += 1) {
      const strangers = Array.from({ length: 50 }, (_value, index) =>
        store.find(`unknown-${round}-${index}`, live),
      );
      expect(new Set(await Promise.all(strangers))).toEqual(new Set([undefined]));
      expect(await knows(first)).toEqual([true]);
      await clock.advance(1_000);
    }
    expect(authority.loads).toBe(1 + 6);
  });

  it('delays no token with a known key while the authority hangs', async () => {
    const { authority, clock, store, knows } = start();
    await clock.advance(minuteMs);
    authority.isHanging = true;
    const stranger = reasonOf(store.find('unknown', live));
    expect(await knows(first)).toEqual([true]);
    store.close();
    expect(await stranger).toBeUndefined();
  });

  it('waits no longer than the operation lasts', async () => {
    const { authority, clock, store } = start();
    await clock.advance(minuteMs);
    authority.isHanging = true;
    const operation = new AbortController();
    const waiting = reasonOf(store.find('unknown', operation.signal));
    operation.abort('deadline');
    expect(await waiting).toBe('wait-ended');
    expect(await reasonOf(store.find('unknown', operation.signal))).toBe('wait-ended');
  });

  it('survives a clock that jumps a week ahead, because it asks before it gives up', async () => {
    const { clock, knows, jump, authority } = start();
    await clock.advance(minuteMs);
    jump(7 * 24 * hourMs);
    expect([await knows(first), authority.loads]).toEqual([[true], 2]);
  });

  it('survives a clock that is set back a week: keys stay good and new ones are found', async () => {
    const { clock, knows, jump, authority, store } = start();
    await clock.advance(minuteMs);
    jump(-7 * 24 * hourMs);
    expect([await knows(first), store.ageMs]).toEqual([[true], 0]);
    authority.published = [second];
    expect(await knows(second, first)).toEqual([true, false]);
    authority.published = [first];
    expect([await knows(first), authority.loads]).toEqual([[false], 2]);
  });

  it('leaves no timer behind and asks no more once it is closed, but still knows its keys', async () => {
    const { clock, knows, store, authority } = start();
    await clock.advance(0);
    expect(clock.pendingTimers).toBe(1);
    store.close();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(48 * hourMs - 1);
    expect([await knows(first, second), authority.loads]).toEqual([[true, false], 1]);
  });

  it('starts no timer if it is closed in the middle of a load', async () => {
    const { clock, store, lines } = start({ isDown: true });
    store.close();
    await clock.advance(0);
    expect([clock.pendingTimers, lines]).toEqual([0, []]);
  });

  it('says that something unexpected happened, and not what', async () => {
    const [clock, log] = [createVirtualClock(), recordingLog()];
    const load = () => Promise.reject(new Error('a secret'));
    closeLater(startKeyStore(load, { clock, chance: () => 0, log }).close);
    await clock.advance(0);
    expect(log.lines).toMatchObject([{ reason: 'unexpected' }]);
    expect(JSON.stringify(log.lines)).not.toContain('secret');
  });
});

describe('the reader of documents', () => {
  const closeLater = useClosing();

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
    ['nothing', empty(204), 'it was answered with 204'],
    ['HTML', raw('<html>', { 'content-type': 'text/html' }), 'it is not JSON'],
    ['no type', raw('{}', {}), 'it is not JSON'],
    ['what it did not ask for', raw(gzipSync('{}'), packed), 'it is not JSON'],
    ['half of its JSON', raw('{"a":'), 'its JSON is broken'],
    ['a name twice', raw('{"a":1,"a":2}'), 'its JSON is broken'],
    ['no UTF-8', raw(Buffer.from('{"a":"\xff"}', 'latin1')), 'its JSON is broken'],
    ['more than 256 KB', raw(`{"a":"${'x'.repeat(300_000)}"}`), 'it is too large'],
    ['less than it announces', cutOff(200, '{"keys":[1,2,3]}'), 'it broke off'],
    ['a cut connection', reset, 'no answer came'],
    ['a closed connection', hangUp, 'no answer came'],
  ])('does not believe %s', async (_what, answer, problem) => {
    const { server, read } = await start(answer);
    const error = { name: 'DocumentError', problem };
    await expect(read(server.url, live)).rejects.toMatchObject(error);
  });

  it('reports the system code when no server listens', async () => {
    const { server, read } = await start(silence);
    await server.close();
    const error = { problem: 'no answer came', systemCode: 'ECONNREFUSED' };
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
  let clock: VirtualClock;
  let authority: TestAuthority;
  const closeLater = useClosing();
  const log = recordingLog();

  beforeEach(async () => {
    clock = createVirtualClock();
    authority = await startAuthority({ now: clock.now });
    closeLater(authority.close);
  });

  function begin(options: Partial<Parameters<typeof startIdentity>[0]> = {}) {
    const identity = startIdentity({
      authority: new URL(authority.url),
      certificateAuthorities: [authority.certificateAuthority],
      tenantIds: [contoso.id],
      audiences: [gatewayClient.clientId],
      kinds: ['user', 'application'],
      clock,
      chance: () => 0,
      log,
      ...options,
    });
    closeLater(identity.keys.close);
    return (token = authority.mint()) => identity.identify(new Secret(token), live);
  }

  it('is verified for two tenants by the documents of all organizations, and never mixed', async () => {
    const identify = begin({ tenantIds: [contoso.id, fabrikam.id] });
    const wishes = Array.from({ length: 40 }, (_value, index) => ({
      tenant: index % 2 === 0 ? contoso : fabrikam,
      user: index % 3 === 0 ? ada : grace,
      version: index % 5 === 0 ? ('1.0' as const) : ('2.0' as const),
    }));
    const callers = await Promise.all(wishes.map((wish) => identify(authority.mint(wish))));
    expect(callers.map(({ tenantId, subject }) => [tenantId, subject])).toEqual(
      wishes.map(({ tenant, user }) => [tenant.id, user.objectId]),
    );
    expect(authority.requests.at(-1)?.tenant).toBe('organizations');
  });

  it('is verified by a new key at once, and by a dropped key no more', async () => {
    const identify = begin();
    const old = authority.mint();
    await identify(old);
    await clock.advance(60_000);
    authority.keys.rotate(true);
    expect(await identify()).toMatchObject({ kind: 'user' });
    expect(authority.count('keys')).toBe(2);
    expect(await reasonOf(identify(old))).toBe('key-unknown');
  });

  it('is not verified by an authority with an unknown certificate', async () => {
    const identify = begin({ certificateAuthorities: [] });
    expect(await reasonOf(identify())).toBe('keys-unavailable');
    expect(log.lines).toMatchObject([{ reason: 'no answer came', state: 'no keys' }]);
  });
});
