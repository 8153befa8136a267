import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { createGraphBudget } from '../../src/graph/budget.ts';
import type { GraphError } from '../../src/graph/errors.ts';
import { createGuards, type UpstreamOutcome } from '../../src/graph/guards.ts';
import { EndController } from '../../src/shared/clock.ts';
import { silentLog } from '../support/logs.ts';
import { recordingMeasurements } from '../support/measurements.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function start({ chance = 0.5, concurrency = 1, queue = 0, now = () => 0 }) {
  const measurements = recordingMeasurements();
  const { circuit, places } = createGuards('graph', {
    breakerOpenMs: 1000,
    concurrency,
    queue,
    clock: { now },
    chance: () => chance,
    log: silentLog,
    measurements,
    ended: ({ reason }) => new Error(`Ended by ${reason}`),
  });
  return { circuit, places, events: measurements.events };
}

describe('a circuit', () => {
  /** Plays outcomes of calls and the time between them, such as `10 down, +999, up`; gives the states. */
  async function play(script: string, chance = 0.5): Promise<string> {
    let nowMs = Date.UTC(2026, 1, 11);
    const { circuit, events } = start({
      now: () => nowMs,
      ...(chance !== undefined && { chance }),
    });
    const attempt = (outcome: string, until?: Promise<unknown>) =>
      circuit
        .run(
          async () => until,
          () => outcome as UpstreamOutcome,
        )
        .catch((error: unknown) => {
          const message =
            'Microsoft Graph is down as far as this gateway can see; nothing was sent.';
          expect(error).toMatchObject({ code: 'unavailable', mayHaveBeenApplied: false, message });
        });
    const begun = new Map<string, () => Promise<unknown>>();
    for (const step of script.split(', ')) {
      const [first = '', outcome = first] = step.split(' ');
      if (/^[+-]/.test(step)) {
        nowMs += Number(step);
      } else if (first === 'begin') {
        let settle = (): void => undefined;
        const running = attempt(outcome, new Promise<void>((resolve) => (settle = resolve)));
        begun.set(outcome, () => {
          settle();
          return running;
        });
      } else if (first === 'end') {
        await begun.get(outcome)?.();
      } else {
        for (let call = 0; call < (Number(first) || 1); call += 1) {
          await attempt(outcome);
        }
      }
    }
    return events.map((event) => event.replace(/breaker |ed by breaker/, '')).join(', ');
  }

  const openMs = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
  const looks = (outcome: string) =>
    openMs.map((ms) => `+${ms - 1}, up, +1, ${outcome}`).join(', ');
  const lookedOnce = 'open, reject, half-open, closed';

  it.each<[string, string, number?]>([
    // More than half of at least ten calls.
    ['9 down', ''],
    ['10 down', 'open'],
    ['5 up, 5 down', ''],
    ['5 up, 6 down', 'open'],
    ['50 up, 50 down', ''],
    ['40 nothing, up, 9 down', 'open'],
    // Within ten seconds.
    [`${'down, +1000, '.repeat(9)}down`, 'open'],
    ['9 down, +10000, 9 down', ''],
    ['9 down, -3600000, 9 down', ''],
    // Half-open, one call looks, and the others are rejected.
    [
      '10 down, +999, up, +1, begin up, 2 up, end up',
      'open, reject, half-open, reject, reject, closed',
    ],
    ['10 down, +1000, there', 'open, half-open, closed'],
    // What was counted before is forgotten, and what began before says nothing.
    ['10 down, +1000, up, 8 down, up', 'open, half-open, closed'],
    ['begin down, 10 down, +1000, begin up, end down, end up, up', 'open, half-open, closed'],
    // The time for which it is open begins anew if the clock is set back.
    ['10 down, -3599500, up, +1000, up', lookedOnce],
    ['10 down, +490, up, +1000, up', lookedOnce],
    // It opens for twice as long when the look fails, half a minute at the most, and by chance not as all others.
    [`10 down, ${looks('down')}`, `open${', reject, half-open, open'.repeat(7)}`],
    [`10 down, ${looks('nothing')}`, `open${', reject, half-open, open'.repeat(7)}`],
    ['10 down, +499, up, +1, up', lookedOnce, 0],
    ['10 down, +1498, up, +1, up', lookedOnce, 0.999],
  ])('that meets %s is %s', async (...[script, states, chance]) => {
    expect(await play(script, chance)).toBe(states);
  });
});

describe('a concurrency limit', () => {
  function startPlaces(concurrency: number, queue: number) {
    const { places, events } = start({ concurrency, queue });
    const begun: string[] = [];
    const answers = new Map<string, () => void>();
    return {
      begun,
      events,
      ask: (id: string, signal = new EndController()): Promise<unknown> =>
        places
          .run(signal, () => {
            begun.push(id);
            return new Promise((resolve) => answers.set(id, () => resolve(id)));
          })
          .catch((error: unknown) => error),
      async finish(...ids: string[]) {
        for (const id of ids) {
          answers.get(id)?.();
          await turn();
        }
      },
    };
  }

  it('lets so many through, others in their order, and rejects at once what finds the queue full', async () => {
    const { ask, begun, events, finish } = startPlaces(2, 2);
    const asked = ['a', 'b', 'c', 'd'].map((id) => ask(id));
    expect(await ask('e')).toMatchObject({ code: 'overloaded', details: { retryAfterMs: 1000 } });
    expect([begun, events]).toEqual([['a', 'b'], ['rejected by bulkhead']]);
    await finish('b');
    expect(begun).toEqual(['a', 'b', 'c']);
    await finish('a', 'c', 'd');
    expect(await Promise.all(asked)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('ends a wait with its signal, and gives its place to the next', async () => {
    const { ask, begun, finish } = startPlaces(1, 2);
    const signal = new EndController();
    const asked = [ask('first'), ask('second', signal), ask('third')];
    signal.abort('deadline');
    asked.push(ask('fourth'), ask('fifth', signal));
    await finish('first', 'third', 'fourth');
    const ended = new Error('Ended by deadline');
    expect(await Promise.all(asked)).toEqual(['first', ended, 'third', 'fourth', ended]);
    expect(begun).toEqual(['first', 'third', 'fourth']);
  });

  it('lets no call overtake a waiting one, whatever the timing', async () => {
    const { ask, begun, finish } = startPlaces(1, 1);
    void ask('first');
    void ask('second');
    const finished = finish('first');
    // One that comes in each of the moments in which the place goes from hand to hand.
    for (let moment = 0; moment < 8; moment += 1) {
      void ask(`late ${moment}`);
      await Promise.resolve();
    }
    await finished;
    expect(begun).toEqual(['first', 'second']);
  });
});

describe('a budget', () => {
  let clock: VirtualClock;
  let backMs: number;
  beforeEach(() => {
    clock = createVirtualClock(1_000_000);
    backMs = 0;
  });
  const write = { isWrite: true };
  const late = { timeLeftMs: 10 };
  const open = (change: object = {}, redis?: Redis, chance = 0) =>
    createGraphBudget(
      { writes: 3, requests: 6, windowSeconds: 20, replicas: 1, ...change },
      { clock: { ...clock, now: () => clock.now() - backMs }, chance: () => chance, redis },
    );

  /** Asks and keeps what became of each claim, in the order in which that was decided. */
  async function ask(budget: Awaited<ReturnType<typeof open>>, ...claims: readonly object[]) {
    const ends: string[] = [];
    claims.forEach(async (change, index) => {
      const { signal } = new AbortController();
      const usual = { key: 'a', requests: 1, isWrite: false, timeLeftMs: 30_000, signal };
      try {
        await budget.acquire({ ...usual, ...change });
        ends.push(`${index} at ${clock.now() - 1_000_000}`);
      } catch (error) {
        const { code, details } = error as GraphError;
        ends.push(`${index} ${code} ${details.retryAfterMs ?? ''}`.trim());
      }
    });
    await clock.advance(0);
    return ends;
  }

  it('lets writes through up to their limit, and those behind in the next window, over 250 ms', async () => {
    const all = Array(7)
      .fill(write)
      .with(5, { ...write, timeLeftMs: 20_100 });
    const ends = await ask(await open({ requests: 60 }, undefined, 0.8), ...all);
    expect(ends).toEqual(['0 at 0', '1 at 0', '2 at 0', '6 throttled 40000']);
    await clock.advance(30_000);
    expect(ends.slice(4)).toEqual(['5 at 20100', '3 at 20200', '4 at 20200']);
  });

  it('counts writes, reads and items of a batch as requests, and nothing of what has no room', async () => {
    const more = [{ ...write, ...late }, {}, {}, {}, late];
    expect(await ask(await open(), write, write, write, ...more)).toEqual([
      '0 at 0',
      '1 at 0',
      '2 at 0',
      '4 at 0',
      '5 at 0',
      '6 at 0',
      '3 throttled 20000',
      '7 throttled 20000',
    ]);
    const batches = [7, 4, 4, 2].map((requests) => ({ requests, ...late }));
    const ends = await ask(await open(), ...batches);
    expect(ends.toSorted()).toEqual(['0 throttled 20000', '1 at 0', '2 throttled 20000', '3 at 0']);
  });

  it('pauses a key for whole seconds and an hour at most, even if the clock is set back', async () => {
    const budget = await open();
    await budget.pause('a', 4_001);
    await budget.pause('b', 1e9);
    const all = [{ timeLeftMs: 5_001 }, { key: 'b' }, { key: 'c' }, { timeLeftMs: 5_000 }];
    const ends = await ask(budget, ...all);
    expect(ends.toSorted()).toEqual(['1 throttled 3600000', '2 at 0', '3 throttled 5000']);
    await clock.advance(5_000);
    expect(ends.at(-1)).toBe('0 at 5000');
    await budget.pause('a', 5_000);
    backMs = 3_600_000;
    expect(await ask(budget, late)).toEqual(['0 throttled 5000']);
    await clock.advance(5_000);
    expect(await ask(budget, late, { key: 'c' })).toEqual(['0 at 10000', '1 at 10000']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends a wait as soon as its operation ends, and gives its place to the next', async () => {
    const budget = await open();
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

  it('in Redis is counted there, but not what is rejected; a share for each replica if it is away', async () => {
    const counts = new Map<string, number>();
    const redis = {
      status: 'ready',
      defineCommand: () => undefined,
      async rlflxIncr([key = '', points = '0']: string[]) {
        counts.set(key, (counts.get(key) ?? 0) + Number(points));
        return [counts.get(key), 20_000];
      },
    };
    const budget = await open({ replicas: 3 }, redis as unknown as Redis);
    expect(await ask(budget, write, write, write)).toHaveLength(3);
    for (const claim of [write, { requests: 4 }]) {
      expect(await ask(budget, { ...claim, ...late })).toEqual(['0 throttled 20000']);
    }
    expect([...counts.values()]).toEqual([3, 3]);
    redis.status = 'end';
    const ends = await ask(budget, write, { ...write, ...late });
    expect(ends.toSorted()).toEqual(['0 at 0', '1 throttled 20000']);
    await budget.pause('b', 5_000);
    expect(await ask(budget, { key: 'b', ...late })).toEqual(['0 throttled 5000']);
    expect([...counts.values()]).toEqual([3, 3]);
  });
});
