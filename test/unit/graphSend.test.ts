import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { passthroughCredentials } from '../../src/graph/credentials.ts';
import { GraphError, type GraphErrorDetails } from '../../src/graph/errors.ts';
import type { GraphCall, GraphOperation } from '../../src/graph/request.ts';
import { EndController } from '../../src/shared/clock.ts';
import { Secret } from '../../src/shared/secret.ts';
import { createTestSend, endableCall, testCall } from '../support/graphClients.ts';
import { recordingLog } from '../support/logs.ts';
import { recordingMeasurements } from '../support/measurements.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const listenersOf = (call: GraphCall) =>
  getEventListeners(call.signal as AbortSignal, 'abort').length;
const url = new URL('http://graph/deviceManagement/complianceManagementPartners');

/** A status, perhaps with a `Retry-After`, or what is thrown in place of an answer. */
type End = number | readonly [status: number, retryAfter: string] | Error;

const failed = (fault: GraphErrorDetails['fault'] & {}) =>
  new GraphError('unavailable', 'No answer', { fault });
const answerOf = (end: Exclude<End, Error>) => {
  const [status, retryAfter] = typeof end === 'number' ? [end] : end;
  return { status, headers: { 'retry-after': retryAfter }, body: Buffer.alloc(0) };
};

/** A send whose attempts end as scripted, the last end again and again. */
function createScripted(
  operation: GraphOperation,
  script: readonly End[],
  { call = testCall(), hasOwnTokens = false } = {},
) {
  const clock = createVirtualClock();
  const log = recordingLog();
  const startMs = clock.now();
  const attempts: object[] = [];
  const send = createTestSend({
    clock,
    log,
    chance: () => 0.5,
    credentials: { ...passthroughCredentials, hasOwnTokens },
    async transport({ number, repeatReason, onNewConnection, withFreshToken }) {
      const end = script[Math.min(attempts.length, script.length - 1)] ?? 200;
      const asked = { number, repeatReason, onNewConnection, withFreshToken };
      attempts.push({ ...asked, atMs: clock.now() - startMs });
      if (end instanceof Error) {
        throw end;
      }
      return answerOf(end);
    },
  });
  const run = () =>
    send({ operation, url, call: { ...call, deadlineMs: clock.now() + 20_000 } }).catch(
      (error: unknown) => error,
    );
  return {
    clock,
    attempts,
    run,
    /** Runs to the end, however long it waits. */
    async runOut(): Promise<unknown> {
      const end = run();
      await clock.advance(60_000);
      expect([clock.pendingTimers, listenersOf(call)]).toEqual([0, 0]);
      return end;
    },
    /** What it logs beside each attempt's own line. */
    told: () => log.lines.filter(({ message }) => String(message).includes('retried')),
  };
}

describe('the repeats of a send', () => {
  it('wait, on a new connection after a 503, and are logged', async () => {
    const { runOut, attempts, told } = createScripted('get', [503, failed('not-connected'), 200]);
    await expect(runOut()).resolves.toMatchObject({ status: 200 });
    const usual = { onNewConnection: false, withFreshToken: false };
    expect(attempts).toEqual([
      { number: 1, atMs: 0 },
      { ...usual, number: 2, repeatReason: 'unavailable', onNewConnection: true, atMs: 100 },
      { ...usual, number: 3, repeatReason: 'not-connected', atMs: 300 },
    ]);
    const line = {
      message: 'The call of Microsoft Graph is retried',
      operation: 'get',
      requestId: 'test-request-id',
    };
    expect(told()).toEqual([
      { ...line, attempt: 2, reason: 'unavailable', delayMs: 100 },
      { ...line, attempt: 3, reason: 'not-connected', delayMs: 200 },
    ]);
  });

  it('ask once, at once, for a fresh token when a token of its own is rejected', async () => {
    const { runOut, attempts } = createScripted('add', [401], { hasOwnTokens: true });
    await expect(runOut()).resolves.toMatchObject({ status: 401 });
    expect(attempts).toMatchObject([{ number: 1 }, { withFreshToken: true, atMs: 0 }]);
  });

  it.each<[string, End, number]>([
    ['time', [429, '20'], 1],
    ['attempts', 500, 3],
  ])('end for lack of %s, and say so', async (reason, end, attempt) => {
    const { runOut, attempts, told } = createScripted('list', [end]);
    await runOut();
    expect(attempts).toHaveLength(attempt);
    const message = 'The call of Microsoft Graph is not retried';
    expect(told().at(-1)).toMatchObject({ message, reason, attempt });
  });

  it('end when the process has none to spare', async () => {
    // As in the gateway: an AbortSignal warns of so many listeners.
    const call = testCall({ signal: new EndController() });
    const { run, clock, attempts } = createScripted('get', [500], { call });
    const ends = Array.from({ length: 40 }, () => run());
    await clock.advance(20_000);
    await Promise.all(ends);
    expect(attempts.length).toBeLessThan(80);
  });

  it.each<[GraphOperation, boolean]>([
    ['delete', true],
    ['get', false],
  ])('end with the operation, a %s in doubt: %j', async (operation, mayHaveBeenApplied) => {
    const { call, end } = endableCall();
    const { run, clock, attempts } = createScripted(operation, [[504, '10']], { call });
    const ended = run();
    await turn();
    end('callerLeft');
    const code = 'callerLeft';
    await expect(ended).resolves.toMatchObject({ code, mayHaveBeenApplied });
    expect([attempts.length, clock.pendingTimers, listenersOf(call)]).toEqual([1, 0, 0]);
  });
});

describe('the doubt of a delete that is repeated', () => {
  const unsent = new GraphError('unavailable', 'Rejected by the breaker');
  it.each<[string, boolean, End]>([
    ['a break', true, failed('broken')],
    ['a 503 that does not say when', true, 503],
    ['a 503 that does', false, [503, '1']],
    ['a 429', false, [429, '1']],
    ['a connection that was never made', false, failed('not-connected')],
  ])('after %s outlives whatever comes last: %j', async (_what, isInDoubt, first) => {
    for (const status of [204, 403, 404]) {
      const answer = (await createScripted('delete', [first, status]).runOut()) as object;
      expect([status, 'isAfterDoubt' in answer]).toEqual([status, isInDoubt]);
    }
    for (const last of [failed('untrusted'), failed('ended'), unsent]) {
      const error = await createScripted('delete', [first, last]).runOut();
      expect(error).toMatchObject({ message: last.message, mayHaveBeenApplied: isInDoubt });
    }
  });
});

describe('the budget of a send', () => {
  /** A send with a budget that has room and remembers whom it was asked for. */
  function createCounted() {
    const clock = createVirtualClock();
    const keys: string[] = [];
    const pauses: [key: string, ms: number][] = [];
    let end: Exclude<End, Error> = 200;
    const send = createTestSend({
      budget: {
        acquire: ({ key }) => void keys.push(key),
        pause: async (key, ms) => void pauses.push([key, ms]),
      },
      clock,
      transport: async () => answerOf(end),
    });
    return {
      pauses,
      /** Sends a request with a token whose answer is this; gives for whom it was counted. */
      async ask(answer: Exclude<End, Error>, signature = 'a') {
        end = answer;
        const claims = Buffer.from(JSON.stringify({ tid: 'tenant', azp: 'app' }));
        const callerToken = new Secret(`e30.${claims.toString('base64url')}.${signature}`);
        const call = testCall({ callerToken, deadlineMs: clock.now() + 20_000 });
        const sending = send({ operation: 'add', url, call });
        await clock.advance(20_000);
        await sending;
        return keys.at(-1);
      },
    };
  }

  it.each([200, 204, 302, 400, 401, 403, 404, 429, 500, 503])(
    'counts a token by itself until it is accepted, which a %i may show',
    async (status) => {
      const { ask } = createCounted();
      const own = await ask(status);
      const next = await ask(200);
      expect(next === own).toBe(status >= 300);
    },
  );

  it('counts a token by itself again from its first 401 on', async () => {
    const { ask } = createCounted();
    const own = await ask(200);
    const shared = await ask(401);
    expect(shared).not.toBe(own);
    expect(await ask(200)).toBe(own);
  });

  it('pauses whom it counts the request for: no tenant that a token only names', async () => {
    const { ask, pauses } = createCounted();
    const forged = await ask([429, '120'], 'forged');
    await ask(200);
    const shared = await ask([429, '30']);
    expect(pauses).toEqual([
      [forged, 120_000],
      [shared, 30_000],
    ]);
    expect(forged).not.toBe(shared);
  });
});

describe('what a send rejects itself', () => {
  it('is another place than Graph: no token goes there', async () => {
    const send = createTestSend({ transport: () => Promise.reject(new Error('sent')) });
    const elsewhere = new URL('/deviceManagement/complianceManagementPartners', 'http://evil/');
    const sending = send({ operation: 'list', url: elsewhere, call: testCall() });
    await expect(sending).rejects.toThrow(TypeError);
  });

  it('is counted if the budget has no room', async () => {
    const measurements = recordingMeasurements();
    const throttled = new GraphError('throttled', 'No room');
    const budget = { acquire: () => Promise.reject(throttled), pause: async () => undefined };
    const transport = () => Promise.reject(new Error('sent'));
    const send = createTestSend({ measurements, budget, transport });
    await expect(send({ operation: 'list', url, call: testCall() })).rejects.toBe(throttled);
    expect(measurements.events).toEqual(['rejected by budget']);
  });

  // After a stop of the whole process, places come free before the timers end what waits.
  it('has waited for its place beyond its deadline, though no timer has fired', async () => {
    let nowMs = 0;
    let release = (): void => undefined;
    const sent: string[] = [];
    const send = createTestSend({
      concurrency: 1,
      clock: { now: () => nowMs, startTimer: () => () => undefined },
      transport: ({ call: { requestId } }) => {
        sent.push(requestId);
        return new Promise((resolve) => {
          release = () => resolve(answerOf(200));
        });
      },
    });
    const ask = (requestId: string, deadlineMs: number) =>
      send({ operation: 'list', url, call: testCall({ requestId, deadlineMs }) });
    const [first, second, third] = [ask('first', 10), ask('second', 10), ask('third', 11)];
    await turn();
    nowMs = 10;
    release();
    const details = { fault: 'queued' };
    await expect(second).rejects.toMatchObject({ code: 'timeout', details });
    await first;
    await turn();
    release();
    await third;
    expect(sent).toEqual(['first', 'third']);
  });
});
