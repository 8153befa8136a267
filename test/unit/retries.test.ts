import { describe, expect, it } from '@jest/globals';
import { refusalOf, throttlePauseMsOf } from '../../src/graph/errorBody.ts';
import { GraphError, type GraphErrorCode, type GraphErrorDetails } from '../../src/graph/errors.ts';
import type { GraphOperation, GraphResponse } from '../../src/graph/request.ts';
import {
  attemptLimitMsOf,
  classifyEnd,
  createRetryBudget,
  decideRetry,
} from '../../src/graph/retryRules.ts';

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
    [429, '', undefined, undefined],
    [429, '-1', undefined, undefined],
    [429, '1e3', undefined, undefined],
    [429, '2026-03-01', undefined, undefined],
    [429, '99999999999999', undefined, undefined],
    [429, 'on Sun, 01 Mar 2026 12:00:30 GMT', undefined, undefined],
    [429, 'Sun, 01 Mar 2026 12:00:30 GMT+0100', undefined, undefined],
    [429, 'Sun, 99 Mar 2026 12:00:30 GMT', undefined, undefined],
    [429, undefined, 2.5, 2500],
    [429, '2', '9', 2000],
    [429, 'soon', '9', 9000],
    [429, undefined, -1, undefined],
    [500, '5', undefined, 5000],
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
    ['waits by chance from 0 on', answered(429), { chance: 0 }, { delayMs: 0 }],
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
    ['getMany', 20_000, 8_000],
    ['get', 8_001, 8_000],
    ['list', 8_000, undefined],
    // An add leaves time to look.
    ['add', 20_000, 17_000],
    ['add', 12_000, 9_000],
    ['add', 4_000, 3_000],
    ['update', 20_000, undefined],
    ['delete', 20_000, undefined],
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
