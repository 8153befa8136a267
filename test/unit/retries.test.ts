import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { passthroughCredentials } from '../../src/graph/credentials.ts';
import { refusalOf, throttlePauseMsOf } from '../../src/graph/errorBody.ts';
import { GraphError, type GraphErrorCode, type GraphErrorDetails } from '../../src/graph/errors.ts';
import type { GraphOperation, GraphResponse } from '../../src/graph/request.ts';
import {
  attemptLimitMsOf,
  classifyEnd,
  createRetryBudget,
  decideRetry,
} from '../../src/graph/retryRules.ts';
import { EndController } from '../../src/shared/clock.ts';
import { Secret } from '../../src/shared/secret.ts';
import { createTestSend, endableCall, testCall } from '../support/graphClients.ts';
import { recordingLog } from '../support/logs.ts';
import { recordingMeasurements } from '../support/measurements.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const failure = (fault?: GraphErrorDetails['fault'], code: GraphErrorCode = 'unavailable') =>
  new GraphError(code, 'No', fault === undefined ? {} : { fault });

/** An answer whose header, or the JSON inside the message of Intune's own error, says when to come back. */
function answered(status: number, header?: string | string[], inside: unknown = null, more = {}) {
  const message = JSON.stringify({ Message: 'Slow down', RetryAfter: inside });
  const body = Buffer.from(JSON.stringify({ error: { code: 'TooManyRequests', message } }));
  const response = { status, headers: { 'retry-after': header, ...more }, body };
  return { ...response, refusal: refusalOf(response, now) };
}

describe('refusalOf', () => {
  it.each<[number, string | string[] | undefined, unknown, number | undefined]>([
    [429, '0', undefined, 0],
    [429, '2.128', undefined, 2128],
    [429, ' 3600 ', undefined, 3_600_000],
    [429, ['3', '7'], undefined, 3000],
    [429, 'Sun, 01 Mar 2026 12:00:30 GMT', undefined, 30_000],
    [429, 'Sun, 01 Mar 2026 11:00:00 GMT', undefined, 0],
    [429, undefined, undefined, undefined],
    [429, '1e3', undefined, undefined],
    [429, '99999999999999', undefined, undefined],
    [429, 'on Sun, 01 Mar 2026 12:00:30 GMT', undefined, undefined],
    [429, 'Sun, 01 Mar 2026 12:00:30 GMT+0100', undefined, undefined],
    [429, 'Sun, 99 Mar 2026 12:00:30 GMT', undefined, undefined],
    [429, undefined, 2.5, 2500],
    [429, '2', '9', 2000],
    [429, 'soon', '9', 9000],
    [503, '0', undefined, 0],
    [503, 'soon', undefined, undefined],
    [503, undefined, '5', 5000],
  ])('reads of a %i with the header %j, inside %j: %j ms', (status, header, inside, ms) => {
    const { refusal } = answered(status, header, inside);
    // Only the header of Graph's front door says that nothing was executed.
    const wasRejectedUnread = status === 503 && ms !== undefined && inside === undefined;
    expect(refusal).toMatchObject({ retryAfterMs: ms, wasRejectedUnread });
    expect(throttlePauseMsOf(refusal)).toBe(ms ?? 1000);
  });
});

const all: readonly GraphOperation[] = ['get', 'getMany', 'delete', 'update', 'add'];
const repeatable: readonly GraphOperation[] = ['get', 'getMany', 'delete'];
const challenge = { 'www-authenticate': 'Bearer claims="eyJhIjoxfQ=="' };
const decide = (operation: GraphOperation, end: GraphResponse | Error, more: object = {}) =>
  decideRetry({
    operation,
    attempt: 1,
    end: end instanceof Error ? { error: end } : { answer: end },
    canRefreshToken: false,
    timeLeftMs: 20_000,
    hasBudget: true,
    chance: 0.5,
    ...more,
  });

describe('decideRetry', () => {
  /** The table of what may be repeated, row by row, and whether a delete is in doubt then. */
  it.each<[string, GraphResponse | Error, readonly GraphOperation[], string, boolean]>([
    ['never connected', failure('not-connected'), all, 'not-connected', false],
    ['429 without a word on when', answered(429), all, 'throttled', false],
    ['503 with Retry-After', answered(503, '1'), all, 'unavailable', false],
    ['503 if only Intune says when', answered(503, '', '1'), repeatable, 'unavailable', true],
    ['503 without', answered(503), repeatable, 'unavailable', true],
    ['500', answered(500), repeatable, 'server-error', true],
    ['502', answered(502), repeatable, 'server-error', true],
    ['504 with Retry-After', answered(504, '1'), repeatable, 'server-error', true],
    ['sent, then broken', failure('broken'), repeatable, 'broken', true],
    ['a bad certificate', failure('untrusted'), [], '', false],
    ['the end of the operation', failure('ended'), [], '', false],
    ['a failure without a fault', failure(), [], '', false],
    ['a fault of the program', new TypeError('No'), [], '', false],
    ['501', answered(501), [], '', false],
    ['a redirect', answered(307), [], '', false],
  ])('after %s repeats what the table says', (_what, end, operations, reason, leavesDoubt) => {
    for (const operation of all) {
      expect([operation, decide(operation, end)]).toEqual([
        operation,
        operations.includes(operation)
          ? {
              kind: 'repeat',
              reason,
              delayMs: expect.any(Number),
              onNewConnection: 'status' in end && end.status === 503,
              withFreshToken: false,
              leavesDoubt: leavesDoubt && operation === 'delete',
            }
          : { kind: 'stop', because: 'final' },
      ]);
    }
  });

  it('never repeats after any other 4xx', () => {
    for (let status = 400; status < 500; status += 1) {
      const kinds = all.map((operation) => decide(operation, answered(status)).kind);
      expect([status, kinds.includes('repeat')]).toEqual([status, status === 429]);
    }
  });

  const canRefreshToken = true;
  const repeat = { kind: 'repeat' };
  const stop = (because: string) => ({ kind: 'stop', because });
  it.each<[string, GraphResponse, object, object]>([
    ['makes a third attempt', answered(429), { attempt: 2 }, repeat],
    ['makes no fourth attempt', answered(429), { attempt: 3 }, stop('attempts')],
    [
      'waits if the wait ends before the deadline',
      answered(429, '2'),
      { timeLeftMs: 2001 },
      repeat,
    ],
    ['stops if the wait ends at it', answered(429, '2'), { timeLeftMs: 2000 }, stop('time')],
    ['stops without a repeat to spare', answered(429), { hasBudget: false }, stop('budget')],
    ['waits by chance', answered(429), { chance: 0.999 }, { delayMs: 200 }],
    ['waits longer then', answered(429), { attempt: 2, chance: 0.999 }, { delayMs: 400 }],
    ['waits as asked', answered(429, '2.128'), { chance: 0 }, { delayMs: 2128 }],
    ['waits by chance if more', answered(429, '0.05'), { chance: 0.999 }, { delayMs: 200 }],
    [
      'repeats at once, with a fresh token, if a token of its own can be replaced',
      answered(401),
      { canRefreshToken },
      { ...repeat, reason: 'unauthorized', delayMs: 0, withFreshToken: true, leavesDoubt: false },
    ],
    [
      'stops if Graph asks for claims',
      answered(401, '', '', challenge),
      { canRefreshToken },
      stop('final'),
    ],
  ])('%s', (_what, end, more, decision) => {
    expect(decide('add', end, more)).toMatchObject(decision);
  });
});

describe('attemptLimitMsOf', () => {
  it.each<[GraphOperation, number, number | undefined]>([
    // A read leaves time for a repeat.
    ['get', 8_001, 8_000],
    ['list', 8_000, undefined],
    // An add leaves time to look.
    ['add', 20_000, 17_000],
    ['add', 12_000, 9_000],
    ['add', 4_000, 3_000],
    ['update', 20_000, undefined],
  ])('gives a %s with %i ms left %j ms', (operation, timeLeftMs, expected) => {
    expect(attemptLimitMsOf(operation, timeLeftMs)).toBe(expected);
  });
});

describe('classifyEnd', () => {
  const slowMs = 5000;
  const late = failure('ended', 'timeout');

  it.each<['up' | 'down' | 'nothing', GraphOperation, number, readonly unknown[]]>([
    ['up', 'list', slowMs, [200, 301, 404, 429, 501, failure(undefined, 'badResponse')]],
    ['up', 'getFilters', 0, [200]],
    ['down', 'list', 0, [500, 503, failure('broken', 'badResponse'), failure('not-connected')]],
    ['down', 'list', 0, [failure('untrusted'), failure('broken'), failure('proxy-credentials')]],
    ['nothing', 'list', slowMs, [failure('queued', 'timeout'), failure('ended', 'callerLeft')]],
    ['nothing', 'list', slowMs, [failure('ended'), failure(undefined, 'overloaded')]],
    ['nothing', 'list', slowMs, [new TypeError('A fault of the program'), undefined]],
    // A timeout says something only if it took its time.
    ['down', 'list', slowMs, [late]],
    ['nothing', 'list', slowMs - 1, [late]],
    // An outage beside partners says nothing of them.
    ['nothing', 'getGroups', 0, [failure('broken'), 503]],
  ])('takes Graph for %s after a %s of %i ms with each of %j', (outcome, operation, ...row) => {
    const [durationMs, ends] = row;
    for (const error of ends) {
      const end = typeof error === 'number' ? { answer: answered(error) } : { error, durationMs };
      expect([error, classifyEnd(operation, end, slowMs)]).toEqual([error, outcome]);
    }
  });
});

it('createRetryBudget has thirty at most, three more each second and one with each ten requests', () => {
  let nowMs = 10_000;
  const budget = createRetryBudget(() => nowMs);
  const spendAfter = (ms: number, requests = 0): number => {
    nowMs += ms;
    for (let request = 0; request < requests; request += 1) {
      budget.deposit();
    }
    let taken = 0;
    for (; budget.hasOne(); taken += 1) {
      budget.take();
    }
    return taken;
  };
  // Nothing is lost when the clock is set back.
  expect(spendAfter(-10_000)).toBe(30);
  expect(spendAfter(2000)).toBe(6);
  expect(spendAfter(0, 51)).toBe(5);
  expect(spendAfter(3_600_000)).toBe(30);
});

const turn = () => new Promise((resolve) => setImmediate(resolve));
const url = new URL('http://graph/deviceManagement/complianceManagementPartners');

/** A status, perhaps with a `Retry-After`, or what is thrown in place of an answer. */
type End = number | readonly [status: number, retryAfter: string] | Error;

/** A send whose attempts end as scripted, the last end again and again; the budget notes whom it is asked for. */
function start(operation: GraphOperation, script: readonly End[], call = testCall(), more = {}) {
  const clock = createVirtualClock();
  const log = recordingLog();
  const startMs = clock.now();
  const attempts: object[] = [];
  const [keys, pauses]: [string[], unknown[]] = [[], []];
  const send = createTestSend({
    clock,
    log,
    chance: () => 0.5,
    budget: {
      acquire: ({ key }) => void keys.push(key),
      pause: async (key, ms) => void pauses.push([key, ms]),
    },
    async transport({ number, repeatReason, onNewConnection, withFreshToken }) {
      const end = script[Math.min(attempts.length, script.length - 1)] ?? 200;
      const atMs = clock.now() - startMs;
      attempts.push({ number, repeatReason, onNewConnection, withFreshToken, atMs });
      if (end instanceof Error) {
        throw end;
      }
      const [status, retryAfter] = typeof end === 'number' ? [end] : end;
      return { status, headers: { 'retry-after': retryAfter }, body: Buffer.alloc(0) };
    },
    ...more,
  });
  const run = (by = call) =>
    send({ operation, url, call: { ...by, deadlineMs: clock.now() + 20_000 } }).catch(
      (error: unknown) => error as object,
    );
  const listeners = () => getEventListeners(call.signal as AbortSignal, 'abort').length;
  return {
    clock,
    attempts,
    keys,
    pauses,
    run,
    leftovers: () => [clock.pendingTimers, listeners()],
    /** Runs to the end, however long it waits. */
    async runOut(by = call): Promise<object> {
      const end = run(by);
      await clock.advance(60_000);
      expect([clock.pendingTimers, listeners()]).toEqual([0, 0]);
      return end;
    },
    /** What it logs beside each attempt's own line. */
    told: () => log.lines.filter(({ message }) => String(message).includes('retried')),
  };
}

describe('the repeats of a send', () => {
  it('wait, on a new connection after a 503, and are logged', async () => {
    const { runOut, attempts, told } = start('get', [503, failure('not-connected'), 200]);
    expect(await runOut()).toMatchObject({ status: 200 });
    const usual = { onNewConnection: false, withFreshToken: false };
    expect(attempts).toEqual([
      { number: 1, atMs: 0 },
      { ...usual, number: 2, repeatReason: 'unavailable', onNewConnection: true, atMs: 100 },
      { ...usual, number: 3, repeatReason: 'not-connected', atMs: 300 },
    ]);
    const message = 'The call of Microsoft Graph is retried';
    const line = { message, operation: 'get', requestId: 'test-request-id' };
    expect(told()).toEqual([
      { ...line, attempt: 2, reason: 'unavailable', delayMs: 100 },
      { ...line, attempt: 3, reason: 'not-connected', delayMs: 200 },
    ]);
  });

  it('ask once, at once, for a fresh token when a token of its own is rejected', async () => {
    const credentials = { ...passthroughCredentials, hasOwnTokens: true };
    const { runOut, attempts } = start('add', [401], testCall(), { credentials });
    expect(await runOut()).toMatchObject({ status: 401 });
    expect(attempts).toMatchObject([{ number: 1 }, { withFreshToken: true, atMs: 0 }]);
  });

  it.each<[string, End, number]>([
    ['time', [429, '20'], 1],
    ['attempts', 500, 3],
  ])('end for lack of %s, and say so', async (reason, end, attempt) => {
    const { runOut, attempts, told } = start('list', [end]);
    await runOut();
    expect(attempts).toHaveLength(attempt);
    const message = 'The call of Microsoft Graph is not retried';
    expect(told().at(-1)).toMatchObject({ message, reason, attempt });
  });

  it('end when the process has none to spare', async () => {
    // As in the gateway: an AbortSignal warns of so many listeners.
    const { run, clock, attempts } = start('get', [500], testCall({ signal: new EndController() }));
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
    const { run, attempts, leftovers } = start(operation, [[504, '10']], call);
    const ended = run();
    await turn();
    end('callerLeft');
    expect(await ended).toMatchObject({ code: 'callerLeft', mayHaveBeenApplied });
    expect([attempts.length, ...leftovers()]).toEqual([1, 0, 0]);
  });

  const unsent = new GraphError('unavailable', 'Rejected by the breaker');
  it.each<[string, boolean, End]>([
    ['a break', true, failure('broken')],
    ['a 503 that does not say when', true, 503],
    ['a 503 that does', false, [503, '1']],
    ['a connection that was never made', false, failure('not-connected')],
  ])(
    'after %s leave a delete in doubt, whatever comes last: %j',
    async (_what, isInDoubt, first) => {
      for (const status of [204, 403, 404]) {
        const answer = await start('delete', [first, status]).runOut();
        expect([status, 'isAfterDoubt' in answer]).toEqual([status, isInDoubt]);
      }
      for (const last of [failure('untrusted'), failure('ended'), unsent]) {
        const error = await start('delete', [first, last]).runOut();
        expect(error).toMatchObject({ message: last.message, mayHaveBeenApplied: isInDoubt });
      }
    },
  );
});

describe('the budget of a send', () => {
  const callOf = (signature: string) => {
    const claims = Buffer.from(JSON.stringify({ tid: 'tenant', azp: 'app' }));
    const callerToken = new Secret(`e30.${claims.toString('base64url')}.${signature}`);
    return testCall({ callerToken });
  };

  it.each([200, 204, 302, 400, 401, 404, 429, 500])(
    'counts a token by itself until it is accepted, which a %i may show, and from a 401 on',
    async (status) => {
      const { runOut, keys } = start('add', [status, 200, 401, 200], callOf('a'));
      for (let asked = 0; asked < 4; asked += 1) {
        await runOut();
      }
      // A 429 is repeated, as what comes next.
      const [own, next, third, last] = keys;
      expect([next === own, third === own, last === own]).toEqual([status >= 300, false, true]);
    },
  );

  it('pauses whom it counts the request for: no tenant that a token only names', async () => {
    const ends: End[] = [[429, '120'], 200, [429, '30']];
    const { runOut, keys, pauses } = start('add', ends);
    await runOut(callOf('forged'));
    await runOut(callOf('genuine'));
    await runOut(callOf('genuine'));
    const [forged, , shared] = keys;
    expect(pauses.slice(0, 2)).toEqual([
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
    const { runOut, attempts } = start('list', [200], testCall(), { measurements, budget });
    expect([await runOut(), attempts]).toEqual([throttled, []]);
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
          release = () => resolve({ status: 200, headers: {}, body: Buffer.alloc(0) });
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
