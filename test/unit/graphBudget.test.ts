import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import {
  type BudgetClaim,
  createGraphBudget,
  type GraphBudget,
  waitMsOf,
} from '../../src/graph/budget.ts';
import type { GraphError } from '../../src/graph/errors.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts';

describe('waitMsOf', () => {
  it.each([
    [5_000, 0, 5_000],
    [0, 0, 1],
    // Those who wait already will not fill the window, or they will.
    [5_000, 99, 5_000],
    [5_000, 100, 25_000],
    [5_000, 250, 45_000],
  ])('with %i ms to the next window and %i ahead waits %i ms', (msBeforeNext, ahead, waitMs) => {
    expect(waitMsOf({ limit: 100, msBeforeNext }, ahead, 20_000)).toBe(waitMs);
  });
});

describe('the budget in memory', () => {
  let clock: VirtualClock;
  let backMs: number;
  beforeEach(() => {
    clock = createVirtualClock(1_000_000);
    backMs = 0;
  });

  const write = { isWrite: true };

  const start = (change: object = {}, redis?: Redis): Promise<GraphBudget> =>
    createGraphBudget(
      { writes: 3, requests: 6, windowSeconds: 20, replicas: 1, ...change },
      { clock: { ...clock, now: () => clock.now() - backMs }, chance: () => 0, redis },
    );

  /** Asks and keeps what became of each claim, in the order in which that was decided. */
  async function ask(budget: GraphBudget, ...claims: readonly Partial<BudgetClaim>[]) {
    const ends: string[] = [];
    const note = async (change: Partial<BudgetClaim>, index: number): Promise<void> => {
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

  it('lets writes through up to their limit, and those behind in the next window', async () => {
    const ends = await ask(await start(), write, write, write, write);
    expect(ends).toEqual(['0 at 0', '1 at 0', '2 at 0']);
    await clock.advance(20_000);
    expect(ends.slice(3)).toEqual(['3 at 20000']);
  });

  it('counts writes and reads together as requests', async () => {
    const ends = await ask(await start(), write, {}, {}, {}, {}, {}, { timeLeftMs: 10 });
    expect(ends).toContain('6 throttled 20000');
    expect(ends).toHaveLength(7);
  });

  it('counts each item of a batch, and nothing of one that has no room', async () => {
    const budget = await start();
    const ends: string[] = [];
    for (const requests of [7, 4, 4, 2]) {
      ends.push(...(await ask(budget, { requests, timeLeftMs: 10 })));
    }
    expect(ends).toEqual(['0 throttled 20000', '0 at 0', '0 throttled 20000', '0 at 0']);
  });

  it('counts nothing of a write that finds room among the requests only', async () => {
    const budget = await start();
    const late = { ...write, timeLeftMs: 10 };
    const ends = await ask(budget, write, write, write, late, late, {}, {}, {}, { timeLeftMs: 10 });
    expect(ends.filter((end) => end.includes('throttled'))).toHaveLength(3);
    expect(ends).toContain('7 at 0');
  });

  it('tells at once, with the wait, what those in front leave no room for in time', async () => {
    const budget = await start({ requests: 60 });
    const ends = await ask(budget, ...Array.from({ length: 7 }, () => write));
    expect(ends).toEqual(['0 at 0', '1 at 0', '2 at 0', '6 throttled 40000']);
    await clock.advance(20_000);
    expect(ends.slice(4)).toEqual(['3 at 20000', '4 at 20000', '5 at 20000']);
  });

  it('keeps the keys apart, in counts and in pauses', async () => {
    const budget = await start();
    await budget.pause('a', 5_000);
    const inTime = [{ timeLeftMs: 5_001 }, { key: 'b' }];
    const ends = await ask(budget, ...inTime, { timeLeftMs: 5_000 });
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

  it('is a share if there are other replicas that count for themselves', async () => {
    const budget = await start({ replicas: 3 });
    expect(await ask(budget, write, { ...write, timeLeftMs: 10 })).toEqual([
      '0 at 0',
      '1 throttled 20000',
    ]);
  });

  it('forgets what is over', async () => {
    const budget = await start();
    await budget.pause('a', 5_000);
    await clock.advance(40_000);
    expect(await ask(budget, { key: 'b' }, { key: 'a' })).toHaveLength(2);
  });

  it('begins a window anew if the clock is set back meanwhile', async () => {
    const budget = await start();
    await budget.pause('a', 5_000);
    backMs = 3_600_000;
    expect(await ask(budget, { timeLeftMs: 1 })).toEqual(['0 throttled 5000']);
    await clock.advance(5_000);
    expect(await ask(budget, { timeLeftMs: 1 })).toEqual(['0 at 5000']);
  });

  it('leaves no timer behind in the middle of a window and of a pause', async () => {
    const budget = await start();
    await ask(budget, write, { key: 'b' });
    await budget.pause('c', 3_600_000);
    expect(clock.pendingTimers).toBe(0);
  });

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

  it('counts in Redis, and nothing there of what it rejects', async () => {
    const { counts, client } = createFakeRedis();
    const budget = await start({}, client);
    const late = { timeLeftMs: 10 };
    const ends = [
      ...(await ask(budget, write, write, write)),
      ...(await ask(budget, { ...write, ...late })),
      ...(await ask(budget, { requests: 4, ...late })),
    ];
    expect(ends.slice(3)).toEqual(['0 throttled 20000', '0 throttled 20000']);
    expect([...counts.values()]).toEqual([3, 3]);
  });

  it('counts alone, and pauses alone, while Redis is away', async () => {
    const { counts, redis, client } = createFakeRedis();
    redis.status = 'end';
    const budget = await start({ replicas: 3 }, client);
    const ends = await ask(budget, write, { ...write, timeLeftMs: 10 });
    expect(ends.toSorted()).toEqual(['0 at 0', '1 throttled 20000']);
    await budget.pause('b', 5_000);
    expect(await ask(budget, { key: 'b', timeLeftMs: 1 })).toEqual(['0 throttled 5000']);
    expect(counts.size).toBe(0);
  });
});
