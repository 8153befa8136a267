import { setMaxListeners } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { DocumentError } from '../../src/identity/keys/documentError.ts';
import { type KeySet, readKeySet } from '../../src/identity/keys/keySet.ts';
import { type KeyStore, startKeyStore } from '../../src/identity/keys/keyStore.ts';
import { type AuthorityKey, createAuthorityKey } from '../support/authority/signingKeys.ts';
import { recordingLog } from '../support/logs.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const first = createAuthorityKey();
const second = createAuthorityKey();
const live = new AbortController().signal;
// Hundreds wait with it at once.
setMaxListeners(0, live);
const stores: KeyStore[] = [];

afterEach(() => {
  for (const store of stores.splice(0)) {
    store.close();
  }
});

/** A store over an authority that is a function, with time that passes only when a test says so. */
function start({ refreshMs = 24 * hourMs, chance = 0, isDown = false } = {}) {
  const clock = createVirtualClock();
  const log = recordingLog();
  const world = {
    published: [first] as readonly AuthorityKey[],
    isDown,
    isHanging: false,
    loads: 0,
  };
  let offsetMs = 0;
  const load = async (signal: AbortSignal): Promise<KeySet> => {
    world.loads += 1;
    if (world.isHanging) {
      await new Promise((_resolve, reject) => signal.addEventListener('abort', reject));
    }
    if (world.isDown) {
      throw new DocumentError('no answer came', 'ECONNREFUSED');
    }
    return readKeySet({ keys: world.published.map(({ jwk }) => jwk) });
  };
  const shifted = {
    now: () => clock.now() + offsetMs,
    startTimer: (delayMs: number, callback: () => void) => clock.startTimer(delayMs, callback),
  };
  const store = startKeyStore({ load, clock: shifted, chance: () => chance, log, refreshMs });
  stores.push(store);
  const knows = async (key: AuthorityKey): Promise<boolean> =>
    (await store.find(key.kid, live)) !== undefined;
  const jump = (ms: number): void => {
    offsetMs += ms;
  };
  return { clock, log, world, store, knows, jump };
}

const reasonOf = (found: Promise<unknown>): Promise<unknown> =>
  found.then(
    () => undefined,
    (error: { readonly reason?: unknown }) => error.reason,
  );

describe('the key store', () => {
  it('is ready once keys were loaded, and tells how old they are', async () => {
    const { store, clock, knows } = start();
    expect([store.isReady, store.ageMs]).toEqual([false, undefined]);
    expect(await knows(first)).toBe(true);
    await clock.advance(hourMs);
    expect([store.isReady, store.ageMs]).toEqual([true, hourMs]);
  });

  it('is not ready while the authority is down from the start, and says so', async () => {
    const { store, world, clock, log } = start({ isDown: true });
    expect(await reasonOf(store.find(first.kid, live))).toBe('keys-unavailable');
    expect([store.isReady, store.ageMs, world.loads]).toEqual([false, undefined, 1]);
    expect(log.lines).toMatchObject([
      { reason: 'no answer came', systemCode: 'ECONNREFUSED', state: 'no keys' },
    ]);
    world.isDown = false;
    await clock.advance(10_000);
    expect(store.isReady).toBe(true);
  });

  it('loads again after a day, a little earlier by chance', async () => {
    const { world, clock } = start({ chance: 0.5 });
    await clock.advance(21.5 * hourMs);
    expect(world.loads).toBe(1);
    await clock.advance(0.2 * hourMs);
    expect(world.loads).toBe(2);
  });

  it('tries again after 10 s, then less and less often up to every 5 min, while the authority is down', async () => {
    const { world, clock } = start({ isDown: true });
    const loadsAfter = async (ms: number): Promise<number> => {
      await clock.advance(ms);
      return world.loads;
    };
    expect(await loadsAfter(9_999)).toBe(1);
    expect(await loadsAfter(1)).toBe(2);
    expect(await loadsAfter(20_000)).toBe(3);
    expect(await loadsAfter(40_000)).toBe(4);
    expect(await loadsAfter(hourMs)).toBeLessThanOrEqual(4 + 15);
  });

  it('is asked by many at once, and asks once', async () => {
    const { world, store } = start();
    const found = await Promise.all(Array.from({ length: 100 }, () => store.find(first.kid, live)));
    expect(found.every((key) => key === found[0] && key !== undefined)).toBe(true);
    expect(world.loads).toBe(1);
  });

  it('serves the last good keys through an outage of 2 h that begins when they are due', async () => {
    const { world, clock, knows } = start();
    await clock.advance(24 * hourMs - 1);
    world.isDown = true;
    for (let minute = 0; minute < 120; minute += 1) {
      await clock.advance(minuteMs);
      expect(await knows(first)).toBe(true);
    }
    expect(world.loads).toBeGreaterThan(5);
    world.isDown = false;
    world.published = [second];
    await clock.advance(5 * minuteMs);
    expect([await knows(first), await knows(second)]).toEqual([false, true]);
  });

  it('has no keys after an outage of more than a day, and has them again at once afterwards', async () => {
    const { world, clock, store, knows } = start();
    await clock.advance(0);
    world.isDown = true;
    await clock.advance(48 * hourMs - 1);
    expect(await knows(first)).toBe(true);
    await clock.advance(10_000);
    expect(await reasonOf(store.find(first.kid, live))).toBe('keys-unavailable');
    expect(store.isReady).toBe(true);
    world.isDown = false;
    await clock.advance(10_000);
    expect(await knows(first)).toBe(true);
  });

  it('picks a new key up when somebody comes with it', async () => {
    const { world, clock, knows } = start();
    await clock.advance(minuteMs);
    world.published = [second, first];
    expect([await knows(second), await knows(first), world.loads]).toEqual([true, true, 2]);
  });

  it('asks once in 10 s, however many come with keys that nobody knows', async () => {
    const { world, clock, store, knows } = start();
    await clock.advance(minuteMs);
    for (let second = 0; second < 60; second += 1) {
      const strangers = Array.from({ length: 50 }, (_value, index) =>
        store.find(`unknown-${second}-${index}`, live),
      );
      expect((await Promise.all(strangers)).every((key) => key === undefined)).toBe(true);
      expect(await knows(first)).toBe(true);
      await clock.advance(1_000);
    }
    expect(world.loads).toBe(1 + 6);
  });

  it('lets nobody with a known key wait while the authority hangs', async () => {
    const { world, clock, store, knows } = start();
    await clock.advance(minuteMs);
    world.isHanging = true;
    const stranger = reasonOf(store.find('unknown', live));
    expect(await knows(first)).toBe(true);
    store.close();
    expect(await stranger).toBeUndefined();
  });

  it('waits no longer than the operation lasts', async () => {
    const { world, clock, store } = start();
    await clock.advance(minuteMs);
    world.isHanging = true;
    const operation = new AbortController();
    const waiting = reasonOf(store.find('unknown', operation.signal));
    operation.abort('deadline');
    expect(await waiting).toBe('wait-ended');
    expect(await reasonOf(store.find('unknown', AbortSignal.abort('deadline')))).toBe('wait-ended');
  });

  it('survives a clock that jumps a week ahead, because it asks before it gives up', async () => {
    const { clock, knows, jump, world } = start();
    await clock.advance(minuteMs);
    jump(7 * 24 * hourMs);
    expect([await knows(first), world.loads]).toEqual([true, 2]);
  });

  it('survives a clock that is set back a week: keys stay good and new ones are found', async () => {
    const { clock, knows, jump, world, store } = start();
    await clock.advance(minuteMs);
    jump(-7 * 24 * hourMs);
    expect([await knows(first), store.ageMs]).toEqual([true, 0]);
    world.published = [second];
    expect([await knows(second), await knows(first)]).toEqual([true, false]);
    world.published = [first];
    expect([await knows(first), world.loads]).toEqual([false, 2]);
  });

  it('leaves no timer behind and asks no more once it is closed, but still knows its keys', async () => {
    const { clock, knows, store, world } = start();
    await clock.advance(0);
    expect(clock.pendingTimers).toBe(1);
    store.close();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(48 * hourMs - 1);
    expect([await knows(first), await knows(second), world.loads]).toEqual([true, false, 1]);
  });

  it('starts no timer where it is closed in the middle of a load', async () => {
    const { clock, store, log } = start({ isDown: true });
    store.close();
    await clock.advance(0);
    expect([clock.pendingTimers, log.lines]).toEqual([0, []]);
  });

  it('says that something unexpected happened, and not what', async () => {
    const clock = createVirtualClock();
    const log = recordingLog();
    const load = () => Promise.reject(new Error('a secret'));
    stores.push(startKeyStore({ load, clock, chance: () => 0, log }));
    await clock.advance(0);
    expect(log.lines).toMatchObject([{ reason: 'unexpected' }]);
    expect(JSON.stringify(log.lines)).not.toContain('secret');
  });
});
