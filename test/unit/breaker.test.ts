import { beforeEach, describe, expect, it } from '@jest/globals';
import { GraphError } from '../../src/graph/errors.ts';
import { createGuards } from '../../src/graph/guards.ts';
import { classifyEnd } from '../../src/graph/retryRules.ts';
import { silentLog } from '../support/logs.ts';
import { noMeasurements } from '../support/measurements.ts';

let nowMs: number;
beforeEach(() => {
  nowMs = Date.UTC(2026, 1, 11);
});
const pass = (ms: number): void => {
  nowMs += ms;
};

/** The status of an answer, or what is thrown in its place. */
type End = number | Error;

const broken = new GraphError('unavailable', 'Broken', { fault: 'broken' });
const callerLeft = new GraphError('callerLeft', 'Left', { fault: 'ended' });
const overloaded = new GraphError('overloaded', 'Full');
const timedOut = new GraphError('timeout', 'Slow', { fault: 'broken' });
const heldBack = { code: 'unavailable', mayHaveBeenApplied: false, details: {} };

function createStage(chance = 0.5) {
  const events: string[] = [];
  const { circuit } = createGuards('graph', {
    breakerOpenMs: 1000,
    concurrency: 1,
    queue: 0,
    clock: { now: () => nowMs },
    chance: () => chance,
    log: silentLog,
    measurements: { ...noMeasurements, breakerState: (state) => events.push(state) },
    ended: () => new Error('Ended'),
  });
  let sent = 0;

  /** Asks once; what comes in place of an answer is given as well. */
  const ask = (end: End | Promise<End>, durationMs = 0): Promise<unknown> =>
    circuit
      .run(
        async () => {
          sent += 1;
          pass(durationMs);
          const ended = await end;
          if (typeof ended !== 'number') {
            throw ended;
          }
          return { status: ended, headers: {}, body: Buffer.alloc(0) };
        },
        (ended) => classifyEnd('list', ended, 500),
      )
      .catch((error: unknown) => error);

  return {
    ask,
    events,
    sent: () => sent,
    async askTimes(count: number, end: End, durationMs = 0) {
      for (let index = 0; index < count; index += 1) {
        await ask(end, durationMs);
      }
    },
    /** Asks once; the end comes when the test says so. */
    askLater() {
      let settle = (_end: End): void => undefined;
      const asked = ask(
        new Promise<End>((resolve) => {
          settle = resolve;
        }),
      );
      return { asked, settle };
    },
    /** Whether a request is rejected; with a fault of the program, which counts for nothing while it is closed. */
    async isOpen() {
      const before = sent;
      await ask(404);
      return sent === before;
    },
  };
}

describe('the circuit towards Graph', () => {
  it.each<[string, End, number]>([
    ['500', 500, 0],
    ['502', 502, 0],
    ['503', 503, 0],
    ['504', 504, 0],
    ['connections that break', broken, 0],
    ['timeouts', timedOut, 500],
  ])('opens after ten %s and holds everything back', async (_what, end, durationMs) => {
    const { ask, askTimes, events, sent } = createStage();
    await askTimes(9, end, durationMs);
    expect(events).toEqual([]);
    await ask(end, durationMs);
    expect(events).toEqual(['open']);
    const error = await ask(200);
    expect(error).toMatchObject(heldBack);
    expect([sent(), events]).toEqual([10, ['open']]);
  });

  it.each<[string, End, number]>([
    ['400', 400, 0],
    ['404', 404, 0],
    ['429', 429, 0],
    ['501', 501, 0],
    ['callers that leave', callerLeft, 5000],
    ['timeouts of callers in a hurry', timedOut, 499],
    ['requests that found the queue full', overloaded, 0],
    ['faults of the program', new TypeError('A fault in the program'), 0],
  ])('never opens because of %s', async (_what, end, durationMs) => {
    const { askTimes, isOpen, events } = createStage();
    await askTimes(40, end, durationMs);
    expect([await isOpen(), events]).toEqual([false, []]);
  });

  it.each([
    [5, 5, false],
    [5, 6, true],
    [50, 50, false],
    [50, 51, true],
    [1, 8, false],
    [1, 9, true],
  ])('after %i successes and %i failures opens: %j', async (successes, failures, isOpen) => {
    const { askTimes, events } = createStage();
    await askTimes(successes, 200);
    await askTimes(failures, 500);
    expect(events).toEqual(isOpen ? ['open'] : []);
  });

  it('opens if most fail, however many say nothing in between', async () => {
    const { ask, askTimes, events } = createStage();
    for (let index = 0; index < 10; index += 1) {
      await askTimes(10, overloaded);
      await askTimes(10, callerLeft);
      await ask(500);
    }
    expect(events).toEqual(['open']);
  });

  it.each<[string, number, number, number, boolean]>([
    ['within ten seconds', 9, 1, 1000, true],
    ['ten seconds ago', 1, 9, 10_000, false],
    ['an hour ago', 1, 9, 3_600_000, false],
    ['an hour ahead, before the clock was set back', 1, 9, -3_600_000, false],
  ])('counts what failed %s: %j times %i, %i ms apart, opens: %j', async (_what, ...row) => {
    const [times, count, ms, isOpen] = row;
    const { askTimes, events } = createStage();
    for (let time = 0; time < times; time += 1) {
      await askTimes(count, 500);
      pass(ms);
    }
    await askTimes(count, 500);
    expect(events).toEqual(isOpen ? ['open'] : []);
  });

  it('lets one look when it is half-open, fails the others at once, and closes with an answer', async () => {
    const { ask, askTimes, askLater, isOpen, events, sent } = createStage();
    await askTimes(10, 500);
    pass(999);
    expect(await isOpen()).toBe(true);
    pass(1);
    const look = askLater();
    expect(await Promise.all([ask(200), ask(200)])).toMatchObject([heldBack, heldBack]);
    expect(sent()).toBe(11);
    look.settle(404);
    expect(await look.asked).toMatchObject({ status: 404 });
    expect(await isOpen()).toBe(false);
    expect(events).toEqual(['open', 'half-open', 'closed']);
    // What was counted before is forgotten.
    await askTimes(7, 500);
    expect(await isOpen()).toBe(false);
  });

  it.each<[string, End]>([
    ['fails', broken],
    ['says nothing', callerLeft],
    ['is rejected before it is sent', overloaded],
  ])('opens again for twice as long if the look %s', async (_what, end) => {
    const { ask, askTimes, isOpen } = createStage();
    await askTimes(10, 500);
    pass(1000);
    expect(await ask(end)).toBe(end);
    pass(1999);
    expect(await isOpen()).toBe(true);
    pass(1);
    expect(await isOpen()).toBe(false);
    expect(await isOpen()).toBe(false);
  });

  it('is open for half a minute at the most before the chance is added', async () => {
    const { ask, askTimes, isOpen } = createStage();
    await askTimes(10, 500);
    for (let look = 0; look < 12; look += 1) {
      pass(30_000);
      expect(await ask(500)).toMatchObject({ status: 500 });
    }
    pass(29_999);
    expect(await isOpen()).toBe(true);
  });

  it.each([
    [0, 500],
    [0.999, 1499],
  ])('with the chance %d looks after %i ms', async (chance, openMs) => {
    const { askTimes, isOpen } = createStage(chance);
    await askTimes(10, 500);
    pass(openMs - 1);
    expect(await isOpen()).toBe(true);
    pass(1);
    expect(await isOpen()).toBe(false);
  });

  it.each([-3_600_000, -10])(
    'is open no longer than its time when the clock moves by %i ms',
    async (jumpMs) => {
      const { askTimes, isOpen } = createStage();
      await askTimes(10, 500);
      pass(500 + jumpMs);
      expect(await isOpen()).toBe(true);
      pass(1000);
      expect(await isOpen()).toBe(false);
    },
  );

  it('is not opened again by what began before it opened', async () => {
    const { askTimes, askLater, isOpen, events } = createStage();
    const late = askLater();
    await askTimes(10, 500);
    pass(1000);
    const look = askLater();
    late.settle(broken);
    expect(await late.asked).toBe(broken satisfies GraphError);
    look.settle(200);
    await look.asked;
    expect(events).toEqual(['open', 'half-open', 'closed']);
    expect(await isOpen()).toBe(false);
  });
});
