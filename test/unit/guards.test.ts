import { beforeEach, describe, expect, it } from '@jest/globals';
import { createGuards, type UpstreamOutcome } from '../../src/graph/guards.ts';
import { EndController } from '../../src/shared/clock.ts';
import { silentLog } from '../support/logs.ts';
import { recordingMeasurements } from '../support/measurements.ts';

let nowMs: number;
beforeEach(() => {
  nowMs = Date.UTC(2026, 1, 11);
});
const pass = (ms: number): void => {
  nowMs += ms;
};

function start({ chance = 0.5, concurrency = 1, queue = 0 } = {}) {
  const measurements = recordingMeasurements();
  const guards = createGuards('graph', {
    breakerOpenMs: 1000,
    concurrency,
    queue,
    clock: { now: () => nowMs },
    chance: () => chance,
    log: silentLog,
    measurements,
    ended: ({ reason }) => new Error(`Ended by ${reason}`),
  });
  return { ...guards, events: measurements.events };
}

describe('a circuit', () => {
  function startCircuit(chance = 0.5) {
    const { circuit, events } = start({ chance });
    /** Asks once, for an answer that says so much of the upstream; undefined if it is rejected. */
    const ask = (outcome: UpstreamOutcome, until = Promise.resolve()): Promise<unknown> =>
      circuit
        .run(
          () => until.then(() => outcome),
          () => outcome,
        )
        .catch((error: unknown) => {
          const message =
            'Microsoft Graph is down as far as this gateway can see; nothing was sent.';
          expect(error).toMatchObject({ code: 'unavailable', mayHaveBeenApplied: false, message });
        });
    return {
      ask,
      states: () => events.filter((event) => !event.startsWith('rejected')),
      async askTimes(count: number, outcome: UpstreamOutcome) {
        for (let index = 0; index < count; index += 1) {
          await ask(outcome);
        }
      },
      /** Asks once; the answer comes when the test says so. */
      askLater(outcome: UpstreamOutcome) {
        let settle = (): void => undefined;
        const asked = ask(outcome, new Promise((resolve) => (settle = resolve)));
        return { asked, settle };
      },
      isOpen: async () => (await ask('nothing')) === undefined,
    };
  }

  it.each<[number, number, number, boolean]>([
    [0, 9, 0, false],
    [0, 10, 0, true],
    [5, 5, 0, false],
    [5, 6, 0, true],
    [50, 50, 0, false],
    [1, 9, 40, true],
    [0, 0, 40, false],
  ])('after %i up, %i down and %i that say nothing is open: %j', async (...row) => {
    const [up, down, nothing, isOpen] = row;
    const { askTimes, states } = startCircuit();
    await askTimes(nothing, 'nothing');
    await askTimes(up, 'up');
    await askTimes(down, 'down');
    expect(states()).toEqual(isOpen ? ['breaker open'] : []);
  });

  it.each<[string, number, number, number, boolean]>([
    ['within ten seconds', 9, 1, 1000, true],
    ['ten seconds ago', 1, 9, 10_000, false],
    ['an hour ahead, before the clock was set back', 1, 9, -3_600_000, false],
  ])('counts what failed %s: %j times %i, %i ms apart, opens: %j', async (_what, ...row) => {
    const [times, count, ms, isOpen] = row;
    const { askTimes, states } = startCircuit();
    for (let time = 0; time < times; time += 1) {
      await askTimes(count, 'down');
      pass(ms);
    }
    await askTimes(count, 'down');
    expect(states()).toEqual(isOpen ? ['breaker open'] : []);
  });

  it.each<UpstreamOutcome>(['up', 'there'])(
    'lets one look when it is half-open, fails the others at once, and closes when the look says %s',
    async (outcome) => {
      const { ask, askTimes, askLater, isOpen, states } = startCircuit();
      await askTimes(10, 'down');
      pass(999);
      expect(await isOpen()).toBe(true);
      pass(1);
      const look = askLater(outcome);
      expect(await Promise.all([ask('up'), ask('up')])).toEqual([undefined, undefined]);
      look.settle();
      expect(await look.asked).toBe(outcome);
      // What was counted before is forgotten.
      await askTimes(8, 'down');
      expect(await isOpen()).toBe(false);
      expect(states()).toEqual(['breaker open', 'breaker half-open', 'breaker closed']);
    },
  );

  it.each<UpstreamOutcome>(['down', 'nothing'])(
    'opens again for twice as long if the look says %s, half a minute at the most',
    async (outcome) => {
      const { ask, askTimes, isOpen } = startCircuit();
      await askTimes(10, 'down');
      for (const openMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
        pass(openMs - 1);
        expect([openMs, await isOpen()]).toEqual([openMs, true]);
        pass(1);
        expect(await ask(outcome)).toBe(outcome);
      }
    },
  );

  it.each([
    [0, 500],
    [0.999, 1499],
  ])('with the chance %d looks after %i ms', async (chance, openMs) => {
    const { askTimes, isOpen } = startCircuit(chance);
    await askTimes(10, 'down');
    pass(openMs - 1);
    expect(await isOpen()).toBe(true);
    pass(1);
    expect(await isOpen()).toBe(false);
  });

  it.each([-3_600_000, -10])(
    'is open no longer than its time when the clock moves by %i ms',
    async (jumpMs) => {
      const { askTimes, isOpen } = startCircuit();
      await askTimes(10, 'down');
      pass(500 + jumpMs);
      expect(await isOpen()).toBe(true);
      pass(1000);
      expect(await isOpen()).toBe(false);
    },
  );

  it('is not opened again by what began before it opened', async () => {
    const { askTimes, askLater, isOpen, states } = startCircuit();
    const late = askLater('down');
    await askTimes(10, 'down');
    pass(1000);
    const look = askLater('up');
    late.settle();
    await late.asked;
    look.settle();
    await look.asked;
    expect(await isOpen()).toBe(false);
    expect(states()).toEqual(['breaker open', 'breaker half-open', 'breaker closed']);
  });
});

describe('a concurrency limit', () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve));

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

  it('lets so many through at one time, and the others in the order in which they came', async () => {
    const { ask, begun, finish } = startPlaces(2, 2);
    const asked = ['a', 'b', 'c', 'd'].map((id) => ask(id));
    expect(begun).toEqual(['a', 'b']);
    await finish('b');
    expect(begun).toEqual(['a', 'b', 'c']);
    await finish('a', 'c', 'd');
    expect(await Promise.all(asked)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('rejects what finds the queue full, at once, and says when to come back', async () => {
    const { ask, begun, events } = startPlaces(1, 1);
    void ask('first');
    void ask('second');
    const details = { retryAfterMs: 1000 };
    expect(await ask('third')).toMatchObject({ code: 'overloaded', details });
    expect([begun, events]).toEqual([['first'], ['rejected by bulkhead']]);
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
    const asked = [ask('first'), ask('second')];
    const finished = finish('first');
    // One that comes in each of the moments in which the place goes from hand to hand.
    const late = Array.from({ length: 8 }, (_, moment) => `late ${moment}`);
    for (const id of late) {
      asked.push(ask(id));
      await Promise.resolve();
    }
    await finished;
    expect(begun).toEqual(['first', 'second']);
    await finish('second', ...late);
    expect((await Promise.all(asked))[1]).toBe('second');
  });
});
