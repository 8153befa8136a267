import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { createGraphBudget, type GraphBudget } from '../../src/graph/budget.ts';
import type { GraphError } from '../../src/graph/errors.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts';

type Claim = Partial<Parameters<GraphBudget['acquire']>[0]>;

let clock: VirtualClock;
let backMs: number;
let chance: number;
beforeEach(() => {
  clock = createVirtualClock(1_000_000);
  backMs = 0;
  chance = 0;
});

const write = { isWrite: true };
const late = { timeLeftMs: 10 };

const start = (change: object = {}, redis?: Redis): Promise<GraphBudget> =>
  createGraphBudget(
    { writes: 3, requests: 6, windowSeconds: 20, replicas: 1, ...change },
    { clock: { ...clock, now: () => clock.now() - backMs }, chance: () => chance, redis },
  );

/** Asks and keeps what became of each claim, in the order in which that was decided. */
async function ask(budget: GraphBudget, ...claims: readonly Claim[]) {
  const ends: string[] = [];
  const note = async (change: Claim, index: number): Promise<void> => {
    const { signal } = new AbortController();
    const usual = { key: 'a', requests: 1, isWrite: false, timeLeftMs: 30_000, signal };
    try {
      await budget.acquire({ ...usual, ...change });
      ends.push(`${index} at ${clock.now() - 1_000_000}`);
    } catch (error) {
      const { code, details } = error as GraphError;
      ends.push(`${index} ${code} ${details.retryAfterMs ?? ''}`.trim());
    }
  };
  claims.forEach((change, index) => void note(change, index));
  await clock.advance(0);
  return ends;
}

describe('the budget in memory', () => {
  it('lets writes through up to their limit, those behind in the next window, and tells the others at once', async () => {
    const budget = await start({ requests: 60 });
    const ends = await ask(budget, ...Array.from({ length: 7 }, () => write));
    expect(ends).toEqual(['0 at 0', '1 at 0', '2 at 0', '6 throttled 40000']);
    await clock.advance(20_000);
    expect(ends.slice(4)).toEqual(['3 at 20000', '4 at 20000', '5 at 20000']);
  });

  it('spreads those who waited for one moment over 250 ms, within their time', async () => {
    const budget = await start();
    chance = 0.8;
    const ends = await ask(budget, write, write, write, write, { ...write, timeLeftMs: 20_100 });
    await clock.advance(30_000);
    expect(ends.slice(3)).toEqual(['4 at 20100', '3 at 20200']);
  });

  it('counts writes and reads together as requests, and nothing of a write without room', async () => {
    const budget = await start();
    const more = [{ ...write, ...late }, {}, {}, {}, late];
    expect(await ask(budget, write, write, write, ...more)).toEqual([
      ...['0 at 0', '1 at 0', '2 at 0', '4 at 0', '5 at 0', '6 at 0'],
      ...['3 throttled 20000', '7 throttled 20000'],
    ]);
  });

  it('counts each item of a batch, and nothing of one that has no room', async () => {
    const budget = await start();
    const ends: string[] = [];
    for (const requests of [7, 4, 4, 2]) {
      ends.push(...(await ask(budget, { requests, ...late })));
    }
    expect(ends).toEqual(['0 throttled 20000', '0 at 0', '0 throttled 20000', '0 at 0']);
  });

  it('keeps the keys apart, in counts and in pauses', async () => {
    const budget = await start();
    await budget.pause('a', 5_000);
    const ends = await ask(budget, { timeLeftMs: 5_001 }, { key: 'b' }, { timeLeftMs: 5_000 });
    expect(ends.toSorted()).toEqual(['1 at 0', '2 throttled 5000']);
    await clock.advance(5_000);
    expect(ends).toContain('0 at 5000');
  });

  it('rounds a pause up to seconds and never makes one longer than an hour', async () => {
    const budget = await start();
    await budget.pause('a', 1);
    await budget.pause('b', 1e9);
    const ends = await ask(budget, { key: 'a', timeLeftMs: 1 }, { key: 'b' });
    expect(ends).toEqual(['0 throttled 1000', '1 throttled 3600000']);
  });

  it('ends a wait as soon as its operation ends, and gives its place to the next', async () => {
    const budget = await start();
    const leaving = new AbortController();
    const waiting = { ...write, signal: leaving.signal };
    const ends = await ask(budget, write, write, write, waiting, waiting, waiting);
    leaving.abort('callerLeft');
    await clock.advance(0);
    expect(ends.slice(3)).toEqual(['3 callerLeft', '4 callerLeft', '5 callerLeft']);
    const later = await ask(budget, write);
    await clock.advance(20_000);
    expect(later).toEqual(['0 at 20000']);
  });

  it('begins a window anew if the clock is set back meanwhile', async () => {
    const budget = await start();
    await budget.pause('a', 5_000);
    backMs = 3_600_000;
    expect(await ask(budget, { timeLeftMs: 1 })).toEqual(['0 throttled 5000']);
    await clock.advance(5_000);
    expect(await ask(budget, { timeLeftMs: 1 })).toEqual(['0 at 5000']);
  });

  it('forgets what is over, and leaves no timer behind in the middle of a window or a pause', async () => {
    const budget = await start();
    await budget.pause('a', 5_000);
    await clock.advance(40_000);
    expect(await ask(budget, { key: 'b' }, { key: 'a' })).toHaveLength(2);
    await budget.pause('c', 3_600_000);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('the budget in Redis', () => {
  /** As much of Redis as a count asks of it; rejects everything once it is away. */
  function createFakeRedis() {
    const counts = new Map<string, number>();
    const redis = {
      status: 'ready',
      defineCommand: () => undefined,
      async rlflxIncr([key = '', points = '0']: string[]) {
        counts.set(key, (counts.get(key) ?? 0) + Number(points));
        return [counts.get(key), 20_000];
      },
    };
    return { counts, redis, client: redis as unknown as Redis };
  }

  it('is counted there, but nothing of what is rejected', async () => {
    const { counts, client } = createFakeRedis();
    const budget = await start({}, client);
    expect(await ask(budget, write, write, write)).toHaveLength(3);
    for (const claim of [write, { requests: 4 }]) {
      expect(await ask(budget, { ...claim, ...late })).toEqual(['0 throttled 20000']);
    }
    expect([...counts.values()]).toEqual([3, 3]);
  });

  it('is a share for each replica, in counts and in pauses, while Redis is away', async () => {
    const { counts, redis, client } = createFakeRedis();
    redis.status = 'end';
    const budget = await start({ replicas: 3 }, client);
    const ends = await ask(budget, write, { ...write, ...late });
    expect(ends.toSorted()).toEqual(['0 at 0', '1 throttled 20000']);
    await budget.pause('b', 5_000);
    expect(await ask(budget, { key: 'b', timeLeftMs: 1 })).toEqual(['0 throttled 5000']);
    expect(counts.size).toBe(0);
  });
});
