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

type Fault = NonNullable<GraphErrorDetails['fault']>;

const now = Date.parse('2026-03-01T12:00:00Z');
const failure = (fault?: Fault, code: GraphErrorCode = 'unavailable') =>
  new GraphError(code, 'No', fault === undefined ? {} : { fault });

/** An answer whose header, or the JSON inside the message of Intune's own error, says when to come back. */
function answered(
  status: number,
  header?: string | string[],
  inside: unknown = null,
  challenge?: string,
): GraphResponse & { readonly refusal: ReturnType<typeof refusalOf> } {
  const message = JSON.stringify({ Message: 'Slow down', RetryAfter: inside });
  const body = Buffer.from(JSON.stringify({ error: { code: 'TooManyRequests', message } }));
  const headers = { 'retry-after': header, 'www-authenticate': challenge };
  const response = { status, headers, body };
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
    [429, undefined, '2', 2000],
    [429, undefined, 2.5, 2500],
    [429, '2', '9', 2000],
    [429, 'soon', '9', 9000],
    [429, undefined, -1, undefined],
    [500, '5', undefined, 5000],
    [503, '5', undefined, 5000],
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
const claims = 'Bearer error="insufficient_claims", claims="eyJhIjoxfQ=="';

type Facts = Parameters<typeof decideRetry>[0];
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
  } satisfies Facts);

describe('decideRetry', () => {
  /** The table of what may be repeated, row by row, and whether a delete is in doubt then. */
  it.each<[string, GraphResponse | Error, readonly GraphOperation[], string, boolean]>([
    ['never connected', failure('not-connected'), all, 'not-connected', false],
    ['429 without a word on when', answered(429), all, 'throttled', false],
    ['429 with Retry-After', answered(429, '2'), all, 'throttled', false],
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
    ["401 on the caller's own token", answered(401), [], '', false],
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

  it('repeats at once, with a fresh token, after a 401 if a token of our own can be replaced', () => {
    const canRefreshToken = true;
    expect(decide('add', answered(401), { canRefreshToken })).toEqual({
      kind: 'repeat',
      reason: 'unauthorized',
      delayMs: 0,
      onNewConnection: false,
      withFreshToken: true,
      leavesDoubt: false,
    });
    const challenged = answered(401, undefined, undefined, claims);
    expect(decide('add', challenged, { canRefreshToken }).kind).toBe('stop');
  });

  it.each<[number, string | undefined, number, number]>([
    [1, undefined, 0, 0],
    [1, undefined, 0.999, 200],
    [2, undefined, 0.999, 400],
    [1, '2.128', 0, 2128],
    [1, '0.05', 0.999, 200],
  ])('in attempt %i, asked for %j s, with chance %d waits %i ms', (...row) => {
    const [attempt, header, chance, delayMs] = row;
    expect(decide('add', answered(429, header), { attempt, chance })).toMatchObject({ delayMs });
  });

  it.each<[string, object, object]>([
    ['makes a third attempt', { attempt: 2 }, { kind: 'repeat' }],
    ['makes no fourth attempt', { attempt: 3 }, { kind: 'stop', because: 'attempts' }],
    ['waits if the wait ends before the deadline', { timeLeftMs: 2001 }, { kind: 'repeat' }],
    ['stops if the wait ends at it', { timeLeftMs: 2000 }, { kind: 'stop', because: 'time' }],
    ['stops without a repeat to spare', { hasBudget: false }, { kind: 'stop', because: 'budget' }],
  ])('%s', (_what, more, decision) => {
    expect(decide('add', answered(429, '2'), more)).toMatchObject(decision);
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
  const classify = (end: GraphResponse | unknown, operation: GraphOperation, durationMs: number) =>
    typeof end === 'object' && end !== null && 'status' in end
      ? classifyEnd(operation, { answer: end as GraphResponse }, slowMs)
      : classifyEnd(operation, { error: end, durationMs }, slowMs);

  it('takes Graph for down after a 5xx or a fault on the way, and for up after other answers', () => {
    const onTheWay = ['not-connected', 'untrusted', 'broken', 'proxy-credentials'] as const;
    const ends: Readonly<Record<string, readonly unknown[]>> = {
      up: [
        ...[200, 301, 404, 429, 501].map((status) => answered(status)),
        failure(undefined, 'badResponse'),
      ],
      down: [
        ...[500, 502, 503, 504].map((status) => answered(status)),
        ...onTheWay.map((fault) => failure(fault)),
        failure('broken', 'badResponse'),
      ],
      nothing: [
        failure('queued', 'timeout'),
        failure('ended', 'callerLeft'),
        failure('ended'),
        failure(undefined, 'overloaded'),
        new TypeError('A fault of the program'),
        undefined,
      ],
    };
    for (const [outcome, ofThese] of Object.entries(ends)) {
      for (const end of ofThese) {
        expect([end, classify(end, 'list', 60_000)]).toEqual([end, outcome]);
      }
    }
  });

  it('takes a timeout for something only if it took its time', () => {
    expect(classify(failure('ended', 'timeout'), 'list', slowMs)).toBe('down');
    expect(classify(failure('ended', 'timeout'), 'list', slowMs - 1)).toBe('nothing');
  });

  it('takes an outage beside partners for nothing', () => {
    expect(classify(failure('broken'), 'getGroups', 0)).toBe('nothing');
    expect(classify(answered(503), 'getFilters', 0)).toBe('nothing');
    expect(classify(answered(200), 'getFilters', 0)).toBe('up');
  });
});

describe('createRetryBudget', () => {
  function start(startMs = 0) {
    let nowMs = startMs;
    const budget = createRetryBudget(() => nowMs);
    const spend = (): number => {
      let taken = 0;
      for (; budget.hasOne(); taken += 1) {
        budget.take();
      }
      return taken;
    };
    return { budget, spend, pass: (ms: number) => (nowMs += ms) };
  }

  it('has thirty to begin with, three more each second, and never more than thirty', () => {
    const { spend, pass } = start();
    expect(spend()).toBe(30);
    pass(2000);
    expect(spend()).toBe(6);
    pass(3_600_000);
    expect(spend()).toBe(30);
  });

  it('gets one more with each ten requests', () => {
    const { budget, spend } = start();
    spend();
    for (let request = 0; request < 51; request += 1) {
      budget.deposit();
    }
    expect(spend()).toBe(5);
  });

  it('loses nothing when the clock is set back', () => {
    const { spend, pass } = start(10_000);
    pass(-10_000);
    expect(spend()).toBe(30);
  });
});
