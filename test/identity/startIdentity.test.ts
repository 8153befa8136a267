import { setMaxListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Caller } from '../../src/identity/caller.ts';
import {
  type Identity,
  type IdentityOptions,
  startIdentity,
} from '../../src/identity/startIdentity.ts';
import { Secret } from '../../src/secret.ts';
import type { MintWish } from '../support/authority/mint.ts';
import { ada, contoso, fabrikam, gatewayClient, grace } from '../support/authority/people.ts';
import { createAuthorityKey } from '../support/authority/signingKeys.ts';
import { startAuthority, type TestAuthority } from '../support/authority/startAuthority.ts';
import { recordingLog } from '../support/logs.ts';
import { until } from '../support/until.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts';

const minuteMs = 60_000;
const live = new AbortController().signal;
setMaxListeners(0, live);

let clock: VirtualClock;
let authority: TestAuthority;
let log: ReturnType<typeof recordingLog>;
let identity: Identity;

beforeEach(async () => {
  clock = createVirtualClock();
  log = recordingLog();
  authority = await startAuthority({ now: clock.now });
  identity = begin();
});

afterEach(async () => {
  await identity.close();
  await authority.close();
});

function begin(options: Partial<IdentityOptions> = {}): Identity {
  return startIdentity({
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
}

const identify = (token: string): Promise<Caller> => identity.identify(new Secret(token), live);
const come = (wish?: MintWish): Promise<Caller> => identify(authority.mint(wish));
const reasonOf = (found: Promise<unknown>): Promise<unknown> =>
  found.then(
    () => undefined,
    (error: { readonly reason?: unknown }) => error.reason,
  );

describe('the identity of callers', () => {
  it('is told by tokens of the authority, users and applications alike', async () => {
    expect(await come({ user: grace })).toMatchObject({ kind: 'user', subject: grace.objectId });
    expect(await come({ kind: 'application' })).toMatchObject({ kind: 'application' });
    expect([identity.isReady, identity.keyAgeMs]).toEqual([true, 0]);
    expect([authority.count('metadata'), authority.count('keys')]).toEqual([1, 1]);
  });

  it('is not told without a token', async () => {
    expect(await reasonOf(identity.identify(undefined, live))).toBe('token-missing');
  });

  it('is told for one tenant by its own documents, and for nobody of another one', async () => {
    await come();
    expect(authority.requests.map(({ tenant }) => tenant)).toEqual([contoso.id, contoso.id]);
    expect(await reasonOf(come({ tenant: fabrikam }))).toBe('key-issuer-mismatch');
  });

  it('is told for two tenants by the documents of all organizations, and never mixed', async () => {
    await identity.close();
    identity = begin({ tenantIds: [contoso.id, fabrikam.id] });
    const wishes: MintWish[] = Array.from({ length: 40 }, (_value, index) => ({
      tenant: index % 2 === 0 ? contoso : fabrikam,
      user: index % 3 === 0 ? ada : grace,
      version: index % 5 === 0 ? '1.0' : '2.0',
    }));
    const callers = await Promise.all(wishes.map(come));
    expect(callers.map(({ tenantId, subject }) => [tenantId, subject])).toEqual(
      wishes.map(({ tenant, user }) => [tenant?.id, user?.objectId]),
    );
    expect(authority.requests.at(-1)?.tenant).toBe('organizations');
  });

  it('is told by a new key at once, and by a key that was dropped no more', async () => {
    const old = authority.mint();
    await identify(old);
    await clock.advance(minuteMs);
    authority.keys.rotate(true);
    expect(await come()).toMatchObject({ kind: 'user' });
    expect(authority.count('keys')).toBe(2);
    expect(await reasonOf(identify(old))).toBe('key-unknown');
  });

  it('is told without a pause in a flood of keys that nobody knows', async () => {
    await come();
    await clock.advance(minuteMs);
    const stranger = createAuthorityKey();
    const flood = Array.from({ length: 300 }, (_value, index) =>
      reasonOf(come({ header: { kid: `unknown-${index}` }, signWith: stranger.privateKey })),
    );
    expect(await come()).toMatchObject({ kind: 'user' });
    expect(new Set(await Promise.all(flood))).toEqual(new Set(['key-unknown']));
    expect(authority.count('keys')).toBe(2);
    await clock.advance(9_999);
    expect(await reasonOf(come({ header: { kid: 'unknown' } }))).toBe('key-unknown');
    expect(authority.count('keys')).toBe(2);
  });

  it('is unknown, and nobody waits past the time of the operation, while there never were keys', async () => {
    await identity.close();
    authority.faults.set({ kind: 'hang' });
    identity = begin();
    const operation = new AbortController();
    const waiting = reasonOf(identity.identify(new Secret(authority.mint()), operation.signal));
    operation.abort('deadline');
    expect(await waiting).toBe('wait-ended');
    const other = reasonOf(come());
    await clock.whenPending();
    await clock.advance(5_000);
    expect(await other).toBe('keys-unavailable');
    expect(identity.isReady).toBe(false);
  });

  it('is not told by an authority with a certificate that nobody knows', async () => {
    await identity.close();
    identity = begin({ certificateAuthorities: [] });
    expect(await reasonOf(come())).toBe('keys-unavailable');
    expect(log.lines).toMatchObject([{ reason: 'no answer came', state: 'no keys' }]);
  });

  it('leaves no timer behind where it is closed, even in the middle of a load', async () => {
    await come();
    await identity.close();
    expect(clock.pendingTimers).toBe(0);
    authority.faults.set({ kind: 'hang' });
    identity = begin();
    await until(() => authority.requests.length === 3);
    await identity.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not seen in any log line', async () => {
    const token = authority.mint({ header: { kid: 'PLANTED' } });
    await clock.advance(minuteMs);
    authority.faults.set({ kind: 'rubbish', body: '"PLANTED"' });
    await reasonOf(identify(token));
    await clock.advance(minuteMs);
    expect(JSON.stringify(log.lines)).not.toContain('PLANTED');
  });
});
