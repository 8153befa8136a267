import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Clock } from '../../../src/clock.ts';
import { GraphCredentialError } from '../../../src/graph/errors.ts';
import {
  type GuardOptions,
  guardTransport,
  judgeTokenEnd,
} from '../../../src/identity/outbound/authority/guardTransport.ts';
import { createTokenTransport } from '../../../src/identity/outbound/authority/tokenTransport.ts';
import { recordingLog } from '../../support/logs.ts';
import { type Answer, json, reset, startScriptedServer } from '../../support/scriptedServer.ts';
import { until } from '../../support/until.ts';

let nowMs: number;
beforeEach(() => {
  nowMs = Date.UTC(2026, 1, 11);
});
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});
const pass = (ms: number): void => {
  nowMs += ms;
};
const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve));

async function guard(options: Partial<GuardOptions>, script: readonly Answer[]) {
  const server = await startScriptedServer(...script);
  const way = createTokenTransport(server.url, { allowsPlainHttp: true });
  const clock: Clock = { now: () => nowMs, startTimer: () => () => undefined };
  const log = recordingLog();
  const events: string[] = [];
  const transport = guardTransport(
    way,
    { countsAnswers: true, openMs: 1_000, ...options },
    {
      clock,
      log,
      chance: () => 0.5,
      onBreaker: (state, upstream) => events.push(`${upstream} ${state}`),
      onHeldBack: (reason, upstream) => events.push(`${upstream} held back by ${reason}`),
    },
  );
  closing.push(transport.close, server.close);
  const ask = (signal = new AbortController().signal): Promise<unknown> =>
    transport
      .send({ method: 'POST', url: server.url, headers: {}, body: 'grant_type=x', signal })
      .catch((error: unknown) => error);
  const askTimes = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      await ask();
    }
  };
  return { ask, askTimes, server, events, log };
}

const granted = json(200, { access_token: 'x' });
const times = (count: number, answer: Answer): Answer[] => Array(count).fill(answer);

describe('the breaker before a token endpoint', () => {
  it('opens after ten connections that broke, and then fails without sending or waiting', async () => {
    const { ask, askTimes, server, events, log } = await guard({}, [reset]);
    await askTimes(10);
    const sent = server.requests.length;
    let isOver = false;
    const asked = ask().finally(() => {
      isOver = true;
    });
    await turnOfTheLoop();
    expect(isOver).toBe(true);
    await expect(asked).resolves.toMatchObject({
      code: 'unavailable',
      mayHaveBeenApplied: false,
      details: {},
      message: expect.stringContaining('token endpoint is down'),
    });
    expect(server.requests).toHaveLength(sent);
    expect(events).toEqual(['authority open', 'authority held back by breaker']);
    expect(log.lines).toMatchObject([{ state: 'open' }]);
  });

  it('lets one look when its time is over, and closes with an answer', async () => {
    const { ask, askTimes, server, events } = await guard({}, [...times(10, reset), granted]);
    await askTimes(10);
    pass(999);
    await expect(ask()).resolves.toMatchObject({ code: 'unavailable' });
    pass(1);
    await expect(ask()).resolves.toMatchObject({ status: 200 });
    await expect(ask()).resolves.toMatchObject({ status: 200 });
    expect(server.requests).toHaveLength(12);
    expect(events.filter((event) => !event.includes('held'))).toEqual([
      'authority open',
      'authority half-open',
      'authority closed',
    ]);
  });

  it.each([
    [true, 'authority open'],
    [false, undefined],
  ])('where answers count: %s, ten of 503 make it %s', async (countsAnswers, state) => {
    const { askTimes, events } = await guard({ countsAnswers }, [json(503, {})]);
    await askTimes(10);
    expect(events[0]).toBe(state);
  });

  it("closes again with any answer, also with another user's 503", async () => {
    const options = { countsAnswers: false };
    const { ask, askTimes, events } = await guard(options, [...times(10, reset), json(503, {})]);
    await askTimes(10);
    pass(1000);
    await expect(ask()).resolves.toMatchObject({ status: 503 });
    await expect(ask()).resolves.toMatchObject({ status: 503 });
    expect(events).toEqual(['authority open', 'authority half-open', 'authority closed']);
  });

  it.each([400, 401, 429, 501])('never opens because of a %i', async (status) => {
    const { askTimes, events } = await guard({}, [json(status, { error: 'x' })]);
    await askTimes(30);
    expect(events).toEqual([]);
  });

  it.each([
    [4_999, undefined],
    [5_000, 'authority open'],
  ])('after silences of %i ms that the gateway gave up is %s', async (durationMs, state) => {
    const silent: Answer = () => undefined;
    const { ask, events } = await guard({}, [silent]);
    const givenUp = Array.from({ length: 10 }, () => new AbortController());
    const asked = givenUp.map(({ signal }) => ask(signal));
    await turnOfTheLoop();
    pass(durationMs);
    for (const one of givenUp) {
      one.abort();
    }
    await Promise.all(asked);
    expect(events[0]).toBe(state);
  });
});

describe('judgeTokenEnd', () => {
  const options = { countsAnswers: true, wasEnded: false };
  it.each<[string, unknown, string]>([
    ['a connection that broke', { fault: 'not-connected' }, 'down'],
    ['a certificate that cannot be trusted', { fault: 'untrusted' }, 'down'],
    ['an answer that is too large', {}, 'nothing'],
  ])('takes %s for what it is', (_what, details, verdict) => {
    const error = new GraphCredentialError('unavailable', 'No', details as object);
    expect(judgeTokenEnd({ error, durationMs: 0 }, options)).toBe(verdict);
  });

  it('takes a fault of the program for nothing', () => {
    expect(judgeTokenEnd({ error: new TypeError('x'), durationMs: 9_000 }, options)).toBe(
      'nothing',
    );
  });
});

describe('the turns before a token endpoint', () => {
  const oneAtATime = { turns: { concurrency: 1, queue: 1 } };

  it('let no more than they should wait, and tell the others when to come back', async () => {
    let answer = (): void => undefined;
    const held: Answer = (response, request) => {
      answer = () => granted(response, request);
    };
    const { ask, server, events } = await guard(oneAtATime, [held, granted]);
    const [first, second] = [ask(), ask()];
    await expect(ask()).resolves.toMatchObject({
      code: 'overloaded',
      mayHaveBeenApplied: false,
      details: { retryAfterMs: 1_000 },
    });
    expect(events).toEqual(['authority held back by bulkhead']);
    await until(() => server.requests.length > 0);
    answer();
    await expect(first).resolves.toMatchObject({ status: 200 });
    await expect(second).resolves.toMatchObject({ status: 200 });
  });

  it('are left with the signal, and nothing keeps listening to it', async () => {
    const silent: Answer = () => undefined;
    const { ask, server } = await guard(oneAtATime, [silent]);
    const [over, waiting] = [new AbortController(), new AbortController()];
    const first = ask(over.signal);
    const second = ask(waiting.signal);
    waiting.abort();
    await expect(second).resolves.toMatchObject({
      code: 'unavailable',
      message: 'No token was asked for in time.',
    });
    expect(getEventListeners(waiting.signal, 'abort')).toHaveLength(0);
    over.abort();
    await first;
    expect(server.requests.length).toBeLessThanOrEqual(1);
  });
});
