import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  GraphDeadlineError,
  type GraphError,
  GraphNetworkError,
  GraphRejectedLocallyError,
} from '../../src/graph/errors.ts';
import type { GraphResponse } from '../../src/graph/request.ts';
import { classifyEnd } from '../../src/graph/send.ts';
import { createCircuit } from '../../src/shared/circuitBreaker.ts';

let nowMs: number;
beforeEach(() => {
  nowMs = Date.UTC(2026, 1, 11);
});
type End = number | GraphError | Error;

const broken = new GraphNetworkError('unavailable', 'Broken', { fault: 'broken' });
const callerLeft = new GraphDeadlineError('callerLeft', 'Left', { fault: 'ended' });
const overloaded = new GraphRejectedLocallyError('overloaded', 'Full');
const timedOut = new GraphDeadlineError('timeout', 'Slow', { fault: 'broken' });

function createStage(chance = 0.5) {
  const events: string[] = [];
  const circuit = createCircuit(
    { openMs: 1000 },
    {
      now: () => nowMs,
      chance: () => chance,
      onState: (state) => events.push(state),
      rejectedLocally: () => new GraphRejectedLocallyError('unavailable', 'Down'),
    },
  );
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
          return { status: ended, headers: {}, body: Buffer.alloc(0) } satisfies GraphResponse;
        },
        (ended) => classifyEnd(ended, 500),
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
    /** Whether a request gets through; with a 404, which changes nothing while the breaker is closed. */
    async isOpen() {
      const before = sent;
      await ask(404);
      return sent === before;
    },
  };
}

const pass = (ms: number): void => {
  nowMs += ms;
};
const heldBack = { code: 'unavailable', mayHaveBeenApplied: false, details: {} };

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
    expect(error).toBeInstanceOf(GraphRejectedLocallyError);
    expect(error).toMatchObject(heldBack);
    expect(sent()).toBe(10);
    expect(events).toEqual(['open']);
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
    await expect(isOpen()).resolves.toBe(false);
    expect(events).toEqual([]);
  });

  it('stays closed where half of the answers are good', async () => {
    const { ask, events } = createStage();
    for (let index = 0; index < 20; index += 1) {
      await ask(200);
      await ask(500);
    }
    expect(events).toEqual([]);
  });

  it('opens where most fail, however many say nothing in between', async () => {
    const { ask, askTimes, events } = createStage();
    for (let index = 0; index < 10; index += 1) {
      await askTimes(10, overloaded);
      await askTimes(10, callerLeft);
      await ask(500);
    }
    expect(events).toEqual(['open']);
  });

  it('lets one look when it is half-open, fails the others at once, and closes with an answer', async () => {
    const { ask, askTimes, isOpen, events, sent } = createStage();
    await askTimes(10, 500);
    pass(999);
    await expect(isOpen()).resolves.toBe(true);
    pass(1);
    let answer = (_status: number): void => undefined;
    const look = ask(
      new Promise<number>((resolve) => {
        answer = resolve;
      }),
    );
    await expect(ask(200)).resolves.toMatchObject(heldBack);
    await expect(ask(200)).resolves.toMatchObject(heldBack);
    expect(sent()).toBe(11);
    answer(404);
    await expect(look).resolves.toMatchObject({ status: 404 });
    await expect(isOpen()).resolves.toBe(false);
    expect(events).toEqual(['open', 'half-open', 'closed']);
    // What was counted before is forgotten.
    await askTimes(7, 500);
    await expect(isOpen()).resolves.toBe(false);
  });

  it.each<[string, End]>([
    ['fails', broken],
    ['says nothing', callerLeft],
    ['is rejected before it is sent', overloaded],
  ])('opens again for twice as long where the look %s', async (_what, end) => {
    const { ask, askTimes, isOpen } = createStage();
    await askTimes(10, 500);
    pass(1000);
    await expect(ask(end)).resolves.toBe(end);
    pass(1999);
    await expect(isOpen()).resolves.toBe(true);
    pass(1);
    await expect(isOpen()).resolves.toBe(false);
    await expect(isOpen()).resolves.toBe(false);
  });

  it('is open for half a minute at the most before the chance is added', async () => {
    const { ask, askTimes, isOpen } = createStage();
    await askTimes(10, 500);
    for (let look = 0; look < 12; look += 1) {
      pass(30_000);
      await expect(ask(500)).resolves.toMatchObject({ status: 500 });
    }
    pass(29_999);
    await expect(isOpen()).resolves.toBe(true);
  });

  it.each([
    [0, 500],
    [0.999, 1499],
  ])('with the chance %d looks after %i ms', async (chance, openMs) => {
    const { askTimes, isOpen } = createStage(chance);
    await askTimes(10, 500);
    pass(openMs - 1);
    await expect(isOpen()).resolves.toBe(true);
    pass(1);
    await expect(isOpen()).resolves.toBe(false);
  });

  it.each([
    ['back by an hour', -3_600_000],
    ['back by a moment', -10],
  ])('is open no longer than its time because the clock is set %s', async (_what, jumpMs) => {
    const { askTimes, isOpen } = createStage();
    await askTimes(10, 500);
    pass(500);
    pass(jumpMs);
    await expect(isOpen()).resolves.toBe(true);
    pass(1000);
    await expect(isOpen()).resolves.toBe(false);
  });

  it('is not opened again by what began before it opened', async () => {
    const { ask, askTimes, isOpen, events } = createStage();
    let fail = (_error: GraphError): void => undefined;
    const late = ask(
      new Promise<GraphError>((resolve) => {
        fail = resolve;
      }),
    );
    await askTimes(10, 500);
    pass(1000);
    let answer = (_status: number): void => undefined;
    const look = ask(
      new Promise<number>((resolve) => {
        answer = resolve;
      }),
    );
    fail(broken);
    await expect(late).resolves.toBe(broken);
    answer(200);
    await look;
    expect(events).toEqual(['open', 'half-open', 'closed']);
    await expect(isOpen()).resolves.toBe(false);
  });
});
