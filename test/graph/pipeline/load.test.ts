import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { CircuitState } from 'cockatiel';
import {
  type AttemptFault,
  GraphCredentialError,
  GraphDeadlineError,
  type GraphError,
  type GraphErrorCode,
  GraphHeldBackError,
  GraphNetworkError,
  GraphProtocolError,
} from '../../../src/graph/errors.ts';
import type { GraphCall, GraphResponse, Send } from '../../../src/graph/request.ts';
import {
  attemptLimitMsOf,
  createBreaker,
  createBulkhead,
  judgeUpstream,
} from '../../../src/graph/send.ts';
import type { GraphOperation } from '../../../src/graph/types.ts';
import { createFailureShare } from '../../../src/shared/circuitBreaker.ts';
import type { Clock } from '../../../src/shared/clock.ts';
import { endableCall, testCall } from '../../support/graphClients.ts';
import { recordingLog } from '../../support/logs.ts';
import { recordingMeasurements } from '../../support/measurements.ts';

const answer: GraphResponse = { status: 200, headers: {}, body: Buffer.alloc(0) };
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A bulkhead before a send that answers, or fails, when the test says so. */
function createStage(options: { concurrency: number; queue: number }) {
  const measurements = recordingMeasurements();
  const policy = createBulkhead(options, measurements);
  const begun: string[] = [];
  const settle = new Map<string, { answer: () => void; fail: (error: Error) => void }>();
  const send: Send = ({ call: { requestId } }) =>
    new Promise((resolve, reject) => {
      begun.push(requestId);
      settle.set(requestId, { answer: () => resolve(answer), fail: reject });
    });
  const ask = (requestId: string, call: GraphCall = testCall()): Promise<unknown> =>
    policy(
      {
        operation: 'list',
        url: new URL('http://graph'),
        headers: {},
        call: { ...call, requestId },
      },
      send,
    ).catch((error: unknown) => error);
  return { ask, begun, end: (id: string) => settle.get(id), events: measurements.events };
}

describe('createBulkhead', () => {
  it('lets so many through at one time, and the others in the order in which they came', async () => {
    const { ask, begun, end } = createStage({ concurrency: 2, queue: 10 });
    const asked = ['a', 'b', 'c', 'd'].map((id) => ask(id));
    await turn();
    expect(begun).toEqual(['a', 'b']);
    end('b')?.answer();
    await turn();
    expect(begun).toEqual(['a', 'b', 'c']);
    end('a')?.answer();
    await turn();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    end('c')?.answer();
    end('d')?.answer();
    await expect(Promise.all(asked)).resolves.toEqual([answer, answer, answer, answer]);
  });

  it('passes the turn of one that fails on', async () => {
    const { ask, begun, end } = createStage({ concurrency: 1, queue: 1 });
    const [first, second] = [ask('first'), ask('second')];
    await turn();
    end('first')?.fail(new Error('broken'));
    await expect(first).resolves.toThrow('broken');
    await turn();
    expect(begun).toEqual(['first', 'second']);
    end('second')?.answer();
    await expect(second).resolves.toBe(answer);
  });

  it('turns away what finds the queue full, at once, and says when to come back', async () => {
    const { ask, begun, end, events } = createStage({ concurrency: 1, queue: 1 });
    const [first, second] = [ask('first'), ask('second')];
    await expect(ask('third')).resolves.toMatchObject({
      code: 'overloaded',
      mayHaveBeenApplied: false,
      details: { retryAfterMs: 1000 },
    });
    expect([begun, events]).toEqual([['first'], ['held back by bulkhead']]);
    end('first')?.answer();
    await first;
    await turn();
    end('second')?.answer();
    await expect(second).resolves.toBe(answer);
  });

  it('has no queue where none is wanted', async () => {
    const { ask, end } = createStage({ concurrency: 1, queue: 0 });
    const first = ask('first');
    await expect(ask('second')).resolves.toMatchObject({ code: 'overloaded' });
    end('first')?.answer();
    await expect(first).resolves.toBe(answer);
    const third = ask('third');
    await turn();
    end('third')?.answer();
    await expect(third).resolves.toBe(answer);
  });

  it.each(['deadline', 'callerLeft', 'shutdown'] as const)(
    'rejects at once what waits when %s fires, and gives its turn to the next',
    async (reason) => {
      const { ask, begun, end } = createStage({ concurrency: 1, queue: 3 });
      const { call, end: endCall } = endableCall();
      const first = ask('first');
      const [second, third] = [ask('second', call), ask('third')];
      await turn();
      endCall(reason);
      await expect(second).resolves.toMatchObject({
        details: { fault: 'queued' },
        mayHaveBeenApplied: false,
      });
      expect(getEventListeners(call.signal, 'abort')).toHaveLength(0);
      end('first')?.answer();
      await turn();
      expect(begun).toEqual(['first', 'third']);
      end('third')?.answer();
      await Promise.all([first, third]);
    },
  );

  it('keeps no place in the queue for one that gave up', async () => {
    const { ask, begun, end, events } = createStage({ concurrency: 1, queue: 1 });
    const { call, end: endCall } = endableCall();
    const first = ask('first');
    const second = ask('second', call);
    endCall('callerLeft');
    await second;
    const third = ask('third');
    end('first')?.answer();
    await first;
    await turn();
    expect([begun, events]).toEqual([['first', 'third'], []]);
    end('third')?.answer();
    await expect(third).resolves.toBe(answer);
  });

  it('lets nobody pass one that waits, however the moments fall', async () => {
    const { ask, begun, end, events } = createStage({ concurrency: 1, queue: 1 });
    const asked = [ask('first'), ask('second')];
    await turn();
    end('first')?.answer();
    // One that comes in each of the moments in which the turn goes from hand to hand.
    for (let moment = 0; moment < 8; moment += 1) {
      asked.push(ask(`late ${moment}`));
      await Promise.resolve();
    }
    await turn();
    expect(begun).toEqual(['first', 'second']);
    for (const id of ['second', ...Array.from({ length: 8 }, (_, moment) => `late ${moment}`)]) {
      end(id)?.answer();
      await turn();
    }
    const answers = await Promise.all(asked);
    expect(answers.filter((one) => one !== answer)).toHaveLength(events.length);
    expect(answers[1]).toBe(answer);
  });

  it('does not begin with what had ended before', async () => {
    const { ask, begun } = createStage({ concurrency: 1, queue: 1 });
    const { call, end } = endableCall();
    end('deadline');
    await expect(ask('late', call)).resolves.toMatchObject({ code: 'timeout' });
    expect(begun).toEqual([]);
    void ask('next');
    await turn();
    expect(begun).toEqual(['next']);
  });

  it('leaves what is under way to itself when its signal fires', async () => {
    const { ask, end } = createStage({ concurrency: 1, queue: 1 });
    const { call, end: endCall } = endableCall();
    const first = ask('first', call);
    await turn();
    endCall('callerLeft');
    end('first')?.answer();
    await expect(first).resolves.toBe(answer);
  });
});

describe('attemptLimitMsOf', () => {
  it.each<[GraphOperation, number, number | undefined]>([
    // A read leaves time for a repeat.
    ['list', 20_000, 8_000],
    ['get', 8_001, 8_000],
    ['getMany', 20_000, 8_000],
    ['list', 8_000, undefined],
    ['list', 100, undefined],
    // An add leaves time to look.
    ['add', 20_000, 17_000],
    ['add', 12_000, 9_000],
    ['add', 4_000, 3_000],
    ['add', 100, 75],
    ['update', 20_000, undefined],
    ['delete', 20_000, undefined],
  ])('gives a %s with %i ms left %j ms', (operation, timeLeftMs, expected) => {
    expect(attemptLimitMsOf({ operation }, timeLeftMs)).toBe(expected);
  });
});

const slowMs = 5000;
const failed = (error: unknown, durationMs = 60_000) =>
  judgeUpstream({ error, durationMs }, slowMs);
const network = (fault: AttemptFault) => new GraphNetworkError('unavailable', 'No', { fault });
const ended = (code: GraphErrorCode) => new GraphDeadlineError(code, 'No', { fault: 'ended' });

describe('judgeUpstream', () => {
  it.each([
    [200, 'up'],
    [301, 'up'],
    [400, 'up'],
    [401, 'up'],
    [404, 'up'],
    [408, 'up'],
    [429, 'up'],
    [500, 'down'],
    [501, 'up'],
    [502, 'down'],
    [503, 'down'],
    [504, 'down'],
  ])('takes a %i for %s', (status, verdict) => {
    const answer = { status, headers: {}, body: Buffer.alloc(0) };
    expect(judgeUpstream({ answer }, slowMs)).toBe(verdict);
  });

  it.each<[string, unknown, string]>([
    ['a connection that cannot be made', network('not-connected'), 'down'],
    ['a certificate that cannot be trusted', network('untrusted'), 'down'],
    ['a connection that breaks', network('broken'), 'down'],
    ['an answer that cannot be believed', new GraphProtocolError('badResponse', 'No'), 'up'],
    [
      'an answer that was cut off',
      new GraphProtocolError('badResponse', 'No', { fault: 'broken' }),
      'down',
    ],
    ['a caller that left', ended('callerLeft'), 'nothing'],
    ['a gateway that stops', ended('unavailable'), 'nothing'],
    ['a queue that is full', new GraphHeldBackError('overloaded', 'No'), 'nothing'],
    ['a missing token', new GraphCredentialError('unauthenticated', 'No'), 'nothing'],
    ['a fault of the program', new TypeError('No'), 'nothing'],
    ['what is no error', undefined, 'nothing'],
  ])('takes %s for what it is', (_what, error, verdict) => {
    expect(failed(error)).toBe(verdict);
  });

  it('takes a timeout for something only where it took its time', () => {
    expect(failed(ended('timeout'), slowMs)).toBe('down');
    expect(failed(ended('timeout'), slowMs - 1)).toBe('nothing');
  });
});

describe('breaker', () => {
  let nowMs: number;
  beforeEach(() => {
    nowMs = Date.UTC(2026, 1, 11);
  });
  type End = number | GraphError | Error;

  const broken = new GraphNetworkError('unavailable', 'Broken', { fault: 'broken' });
  const callerLeft = new GraphDeadlineError('callerLeft', 'Left', { fault: 'ended' });
  const overloaded = new GraphHeldBackError('overloaded', 'Full');
  const timedOut = new GraphDeadlineError('timeout', 'Slow', { fault: 'broken' });

  function createStage(chance = 0.5) {
    const clock: Clock = { now: () => nowMs, startTimer: () => () => undefined };
    const log = recordingLog();
    const measurements = recordingMeasurements();
    const policy = createBreaker(
      { openMs: 1000, slowMs: 500 },
      { clock, log, chance: () => chance, measurements },
    );
    const request = {
      operation: 'list',
      url: new URL('http://graph'),
      headers: {},
      call: testCall(),
    } as const;
    let sent = 0;

    /** Asks once; what comes in place of an answer is given as well. */
    const ask = (end: End | Promise<End>, durationMs = 0): Promise<unknown> =>
      policy(request, async () => {
        sent += 1;
        pass(durationMs);
        const ended = await end;
        if (typeof ended !== 'number') {
          throw ended;
        }
        return { status: ended, headers: {}, body: Buffer.alloc(0) } satisfies GraphResponse;
      }).catch((error: unknown) => error);

    return {
      ask,
      log,
      events: measurements.events,
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

  describe('createBreaker', () => {
    it.each<[string, End, number]>([
      ['500', 500, 0],
      ['502', 502, 0],
      ['503', 503, 0],
      ['504', 504, 0],
      ['connections that break', broken, 0],
      ['timeouts', timedOut, 500],
    ])('opens after ten %s and holds everything back', async (_what, end, durationMs) => {
      const { ask, askTimes, events, log, sent } = createStage();
      await askTimes(9, end, durationMs);
      expect(events).toEqual([]);
      await ask(end, durationMs);
      expect(events).toEqual(['breaker open']);
      expect(log.lines).toMatchObject([{ state: 'open' }]);
      const error = await ask(200);
      expect(error).toBeInstanceOf(GraphHeldBackError);
      expect(error).toMatchObject(heldBack);
      expect(sent()).toBe(10);
      expect(events).toEqual(['breaker open', 'held back by breaker']);
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
      expect(events).toEqual(['breaker open']);
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
      expect(events.filter((event) => event.startsWith('breaker'))).toEqual([
        'breaker open',
        'breaker half-open',
        'breaker closed',
      ]);
      // What was counted before is forgotten.
      await askTimes(7, 500);
      await expect(isOpen()).resolves.toBe(false);
    });

    it.each<[string, End]>([
      ['fails', broken],
      ['says nothing', callerLeft],
      ['is held back elsewhere', overloaded],
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
      expect(events).toEqual(['breaker open', 'breaker half-open', 'breaker closed']);
      await expect(isOpen()).resolves.toBe(false);
    });
  });
});

function createShare() {
  let nowMs = Date.UTC(2026, 1, 11);
  const share = createFailureShare(() => nowMs);
  const succeed = (count: number) => {
    for (let index = 0; index < count; index += 1) {
      share.success(CircuitState.Closed);
    }
  };
  /** Whether any of so many failures opens. */
  const fail = (count: number) =>
    Array.from({ length: count }, () => share.failure(CircuitState.Closed)).includes(true);
  return { share, succeed, fail, pass: (ms: number) => (nowMs += ms) };
}

describe('createFailureShare', () => {
  it('opens with the tenth call where all fail', () => {
    const { fail } = createShare();
    expect([fail(9), fail(1)]).toEqual([false, true]);
  });

  it.each([
    [5, 5, false],
    [5, 6, true],
    [50, 50, false],
    [50, 51, true],
    [1, 8, false],
    [1, 9, true],
  ])('after %i successes and %i failures opens: %j', (successes, failures, isOpen) => {
    const { succeed, fail } = createShare();
    succeed(successes);
    expect(fail(failures)).toBe(isOpen);
  });

  it('counts what lies within ten seconds', () => {
    const { fail, pass } = createShare();
    for (let second = 0; second < 9; second += 1) {
      expect(fail(1)).toBe(false);
      pass(1000);
    }
    expect(fail(1)).toBe(true);
  });

  it('forgets what is ten seconds ago, however few calls there were since', () => {
    const { fail, pass } = createShare();
    expect(fail(9)).toBe(false);
    pass(10_000);
    expect(fail(9)).toBe(false);
    pass(3_600_000);
    expect(fail(9)).toBe(false);
  });

  it('forgets the time to come where the clock is set back', () => {
    const { fail, pass } = createShare();
    fail(9);
    pass(-3_600_000);
    expect(fail(9)).toBe(false);
  });

  it('begins anew with the success of the one that looked', () => {
    const { share, fail } = createShare();
    fail(100);
    share.success(CircuitState.HalfOpen);
    expect([fail(8), fail(1)]).toEqual([false, true]);
  });

  it('opens again at once where the one that looked failed', () => {
    expect(createShare().share.failure(CircuitState.HalfOpen)).toBe(true);
  });
});
