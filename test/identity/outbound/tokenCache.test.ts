import { describe, expect, it } from '@jest/globals';
import { GraphCredentialError, GraphDeadlineError } from '../../../src/graph/errors.ts';
import type { GraphCall } from '../../../src/graph/pipeline/pipeline.ts';
import { identityKeyOf, subjectOf } from '../../../src/identity/outbound/identityKey.ts';
import { TokenCache, type TokenLookup } from '../../../src/identity/outbound/tokenCache.ts';
import type { AcquiredToken } from '../../../src/identity/outbound/tokenOrder.ts';
import { Secret } from '../../../src/secret.ts';
import { endableCall, testCall } from '../../support/graphClients.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';

const minuteMs = 60_000;

function keyOf(name: string) {
  const subject = subjectOf(new Secret(name));
  const common = { cloud: '', tenant: '', client: '', mode: '', scopes: [], claims: '' };
  return identityKeyOf({ ...common, subject });
}

/** A cache over an issuer that numbers its tokens and answers when it is told to, or at once. */
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

  it('lets a call go as soon as it is over, and the others have the token all the same', async () => {
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

  it('does not wait for a token of somebody else', async () => {
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

  it('gives nobody the refused one while the new one cannot be got', async () => {
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
