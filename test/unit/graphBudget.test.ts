import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  type BudgetClaim,
  createGraphBudget,
  decideWait,
  type GraphBudget,
} from '../../src/graph/budget.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts';

const question = {
  msBeforeNext: 5_000,
  waiting: 0,
  limit: 100,
  windowMs: 20_000,
  timeLeftMs: 18_000,
};

describe('decideWait', () => {
  it.each([
    ['the end of the window', {}, { kind: 'wait', waitMs: 5_000 }],
    ['no less than a millisecond', { msBeforeNext: 0 }, { kind: 'wait', waitMs: 1 }],
    [
      'the same where others wait but will not fill it',
      { waiting: 99 },
      { kind: 'wait', waitMs: 5_000 },
    ],
    [
      'a window longer where they will',
      { waiting: 100, timeLeftMs: 60_000 },
      { kind: 'wait', waitMs: 25_000 },
    ],
    ['nothing where that is too late', { waiting: 100 }, { kind: 'tooLate', retryAfterMs: 25_000 }],
    [
      'nothing where it ends just at the deadline',
      { timeLeftMs: 5_000 },
      { kind: 'tooLate', retryAfterMs: 5_000 },
    ],
  ])('waits %s', (_what, change, decision) => {
    expect(decideWait({ ...question, ...change })).toEqual(decision);
  });
});

describe('memory budget', () => {
  let clock: VirtualClock;
  beforeEach(() => {
    clock = createVirtualClock(1_000_000);
  });

  const limits = { writes: 3, requests: 6, windowSeconds: 20 };

  function start(change: object = {}): Promise<GraphBudget> {
    return createGraphBudget(
      { ...limits, replicas: 1, ...change },
      { clock, chance: () => 0, redis: undefined },
    );
  }

  function claim(change: Partial<BudgetClaim> = {}): BudgetClaim {
    const { signal } = new AbortController();
    return { key: 'a', requests: 1, isWrite: false, timeLeftMs: 30_000, signal, ...change };
  }

  /** Asks and keeps what became of each claim, in the order in which that was decided. */
  function ask(budget: GraphBudget, ...claims: readonly Partial<BudgetClaim>[]): string[] {
    const ends: string[] = [];
    claims.forEach((change, index) => {
      budget.acquire(claim(change)).then(
        () => ends.push(`${index} at ${clock.now() - 1_000_000}`),
        (error: { details?: { retryAfterMs?: number }; code: string }) =>
          ends.push(`${index} ${error.code} ${error.details?.retryAfterMs ?? ''}`.trim()),
      );
    });
    return ends;
  }

  async function settled(ends: string[]): Promise<string[]> {
    await clock.advance(0);
    return ends;
  }

  const write = { isWrite: true };

  describe('the budget in memory', () => {
    it('lets writes through up to their limit, and those behind in the next window', async () => {
      const ends = ask(await start(), write, write, write, write);
      await clock.advance(0);
      expect(ends).toEqual(['0 at 0', '1 at 0', '2 at 0']);
      await clock.advance(20_000);
      expect(ends).toEqual(['0 at 0', '1 at 0', '2 at 0', '3 at 20000']);
    });

    it('counts writes and reads together as requests', async () => {
      const ends = ask(await start(), write, {}, {}, {}, {}, {}, { timeLeftMs: 10 });
      await clock.advance(0);
      expect(ends).toContain('6 throttled 20000');
      expect(ends).toHaveLength(7);
    });

    it('counts each item of a batch, and nothing of one that has no room', async () => {
      const budget = await start();
      const ends: string[] = [];
      for (const requests of [4, 4, 2]) {
        const [end = 'waits'] = await settled(ask(budget, { requests, timeLeftMs: 10 }));
        ends.push(end);
      }
      expect(ends).toEqual(['0 at 0', '0 throttled 20000', '0 at 0']);
    });

    it('tells at once, with the wait, what those in front leave no room for in time', async () => {
      const budget = await start({ requests: 60 });
      const ends = ask(budget, ...Array.from({ length: 7 }, () => write));
      await clock.advance(0);
      expect(ends).toEqual(['0 at 0', '1 at 0', '2 at 0', '6 throttled 40000']);
      await clock.advance(20_000);
      expect(ends.slice(4)).toEqual(['3 at 20000', '4 at 20000', '5 at 20000']);
    });

    it('keeps the keys apart, in counts and in pauses', async () => {
      const budget = await start();
      await budget.pause('a', 5_000);
      const ends = ask(budget, { key: 'a' }, { key: 'b' }, { key: 'a', timeLeftMs: 100 });
      await clock.advance(0);
      expect(ends.sort()).toEqual(['1 at 0', '2 throttled 5000']);
      await clock.advance(5_000);
      expect(ends).toContain('0 at 5000');
    });

    it('rounds a pause up to seconds and never makes one longer than an hour', async () => {
      const budget = await start();
      await budget.pause('a', 1);
      await budget.pause('b', 1e9);
      const ends = ask(budget, { key: 'a', timeLeftMs: 1 }, { key: 'b' });
      await clock.advance(0);
      expect(ends).toEqual(['0 throttled 1000', '1 throttled 3600000']);
    });

    it('ends a wait as soon as its operation ends, and gives its place to the next', async () => {
      const budget = await start();
      const leaving = new AbortController();
      const waiting = { ...write, signal: leaving.signal };
      const ends = ask(budget, write, write, write, waiting, waiting, waiting);
      await clock.advance(0);
      leaving.abort('callerLeft');
      await clock.advance(0);
      expect(ends.slice(3)).toEqual(['3 callerLeft', '4 callerLeft', '5 callerLeft']);
      const later = ask(budget, write);
      await clock.advance(20_000);
      expect(later).toEqual(['0 at 20000']);
    });

    it('is a share where there are other replicas that count for themselves', async () => {
      const budget = await start({ replicas: 3 });
      const ends = ask(budget, write, { ...write, timeLeftMs: 10 });
      await clock.advance(0);
      expect(ends).toEqual(['0 at 0', '1 throttled 20000']);
    });

    it('forgets what is over', async () => {
      const budget = await start();
      await budget.pause('a', 5_000);
      await clock.advance(40_000);
      expect(await settled(ask(budget, { key: 'b' }, { key: 'a' }))).toHaveLength(2);
    });

    it('begins a window anew if the clock is set back meanwhile', async () => {
      let backMs = 0;
      const budget = await createGraphBudget(
        { ...limits, replicas: 1 },
        { clock: { ...clock, now: () => clock.now() - backMs }, chance: () => 0, redis: undefined },
      );
      await budget.pause('a', 5_000);
      backMs = 3_600_000;
      expect(await settled(ask(budget, { timeLeftMs: 1 }))).toEqual(['0 throttled 5000']);
      await clock.advance(5_000);
      expect(await settled(ask(budget, { timeLeftMs: 1 }))).toEqual([`0 at 5000`]);
    });

    it('leaves no timer behind in the middle of a window and of a pause', async () => {
      const budget = await start();
      await settled(ask(budget, write, { key: 'b' }));
      await budget.pause('c', 3_600_000);
      expect(clock.pendingTimers).toBe(0);
    });
  });
});
