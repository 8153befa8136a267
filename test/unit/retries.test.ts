import { describe, expect, it } from '@jest/globals';
import { parseRetryAfterMs, refusalOf, throttlePauseMsOf } from '../../src/graph/errorBody.ts';
import {
  type AttemptFault,
  GraphError,
  type GraphErrorCode,
  networkErrorOf,
} from '../../src/graph/errors.ts';
import type { GraphOperation, GraphResponse } from '../../src/graph/request.ts';
import {
  type AttemptOutcome,
  attemptLimitMsOf,
  classifyEnd,
  createRetryBudget,
  decideRetry,
  mayHaveBeenExecuted,
  outcomeOf,
  type RetryFacts,
} from '../../src/graph/retryRules.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const network = (fault: AttemptFault) => new GraphError('unavailable', 'No', { fault });

/** An answer whose header, or the JSON inside the message of Intune's own error, says when to come back. */
function answer(status: number, header?: string | string[], inside?: unknown): GraphResponse {
  const message = JSON.stringify({ Message: 'Slow down', RetryAfter: inside ?? null });
  const body = Buffer.from(JSON.stringify({ error: { code: 'TooManyRequests', message } }));
  return { status, headers: { 'retry-after': header }, body };
}

describe('parseRetryAfterMs', () => {
  it.each<[string | undefined, number | undefined]>([
    ['2', 2000],
    ['0', 0],
    ['2.128', 2128],
    ['0.249', 249],
    [' 3600 ', 3_600_000],
    ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
    ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
    [undefined, undefined],
    ['', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['soon', undefined],
    ['2026-03-01', undefined],
    ['99999999999999', undefined],
    ['on Sun, 01 Mar 2026 12:00:30 GMT', undefined],
    ['Sun, 01 Mar 2026 12:00:30 GMT+0100', undefined],
    ['Sun, 99 Mar 2026 12:00:30 GMT', undefined],
  ])('reads %j as %j ms', (header, expected) => {
    expect(parseRetryAfterMs(header, now)).toBe(expected);
  });
});

describe('refusalOf', () => {
  it.each<[number, string | string[] | undefined, unknown, number | undefined, boolean]>([
    [429, '2', undefined, 2000, false],
    [429, ['3', '7'], undefined, 3000, false],
    [429, undefined, '2', 2000, false],
    [429, undefined, 2.5, 2500, false],
    [429, '2', '9', 2000, false],
    [429, 'soon', '9', 9000, false],
    [429, undefined, 'soon', undefined, false],
    [429, undefined, -1, undefined, false],
    [429, undefined, undefined, undefined, false],
    [500, '5', undefined, 5000, false],
    [503, '5', undefined, 5000, true],
    [503, '0', undefined, 0, true],
    [503, undefined, undefined, undefined, false],
    [503, 'soon', undefined, undefined, false],
    [503, undefined, '5', 5000, false],
  ])('reads of a %i with the header %j, inside %j: %j ms, not executed %j', (...row) => {
    const [status, header, inside, retryAfterMs, wasRejectedUnread] = row;
    const refusal = refusalOf(answer(status, header, inside), now);
    expect(refusal).toMatchObject({ retryAfterMs, wasRejectedUnread });
    expect(throttlePauseMsOf(refusal)).toBe(retryAfterMs ?? 1000);
  });

  it('gives what was read already', () => {
    const refusal = refusalOf(answer(503, '5'), now);
    expect(refusalOf({ ...answer(429), refusal }, now)).toBe(refusal);
  });

  it('reads nothing from a body that is no error', () => {
    const refusal = refusalOf({ status: 429, headers: {}, body: Buffer.from('<html>') }, now);
    expect([refusal.error, refusal.retryAfterMs]).toEqual([undefined, undefined]);
  });
});

const claims = 'Bearer error="insufficient_claims", claims="eyJhIjoxfQ=="';
const plain = { retryAfterMs: undefined, wasRejectedUnread: false, hasClaims: false };

describe('outcomeOf', () => {
  it.each<[GraphResponse, object]>([
    [answer(429, '5'), { retryAfterMs: 5000 }],
    [answer(503), {}],
    [answer(503, '5'), { retryAfterMs: 5000, wasRejectedUnread: true }],
    [{ ...answer(401), headers: { 'www-authenticate': claims } }, { hasClaims: true }],
    [
      { ...answer(401), headers: { 'www-authenticate': ['Bearer realm=""', claims.slice(34)] } },
      { hasClaims: true },
    ],
    [{ ...answer(401), headers: { 'www-authenticate': 'Bearer realm=""' } }, {}],
  ])('reads the answer %j', (response, more) => {
    const { status } = response;
    const expected = { kind: 'answered', status, ...plain, ...more };
    expect(outcomeOf({ response }, now)).toEqual(expected);
  });

  it.each<[string, unknown, AttemptFault | undefined]>([
    ['a failure towards Graph', network('not-connected'), 'not-connected'],
    ['one without a fault', new GraphError('unavailable', 'No'), undefined],
    ['a fault of the program', new TypeError('No'), undefined],
    ['what is no error', undefined, undefined],
  ])('gives the fault of %s', (_what, error, fault) => {
    expect(outcomeOf({ error }, now)).toEqual({ kind: 'failed', fault });
  });
});

const all: readonly GraphOperation[] = ['get', 'getMany', 'delete', 'update', 'add'];
const repeatable: readonly GraphOperation[] = ['get', 'getMany', 'delete'];

const failed = (fault: AttemptFault | undefined): AttemptOutcome => ({ kind: 'failed', fault });
const answered = (
  status: number,
  more: Partial<Extract<AttemptOutcome, { kind: 'answered' }>> = {},
): AttemptOutcome => ({ kind: 'answered', status, ...plain, ...more });

const decide = (operation: GraphOperation, outcome: AttemptOutcome, more = {}) =>
  decideRetry({
    operation,
    attempt: 1,
    outcome,
    canRefreshToken: false,
    timeLeftMs: 20_000,
    hasBudget: true,
    chance: 0.5,
    ...more,
  });

describe('decideRetry', () => {
  /** The table of what may be repeated, row by row. */
  it.each<[string, AttemptOutcome, readonly GraphOperation[], string?]>([
    ['never connected', failed('not-connected'), all, 'not-connected'],
    ['a bad certificate', failed('untrusted'), []],
    ['429 without a word on when', answered(429), all, 'throttled'],
    ['429 with Retry-After', answered(429, { retryAfterMs: 2000 }), all, 'throttled'],
    ['503 with Retry-After', answered(503, { retryAfterMs: 1, wasRejectedUnread: true }), all],
    ['503 if only Intune says when', answered(503, { retryAfterMs: 1000 }), repeatable],
    ['503 without', answered(503), repeatable, 'unavailable'],
    ['500', answered(500), repeatable, 'server-error'],
    ['502', answered(502), repeatable, 'server-error'],
    ['504', answered(504), repeatable, 'server-error'],
    ['501', answered(501), []],
    ['sent, then broken', failed('broken'), repeatable, 'broken'],
    ['the end of the operation', failed('ended'), []],
    ['a failure of another kind', failed(undefined), []],
    ['401 with a claims challenge', answered(401, { hasClaims: true }), []],
    ["401 on the caller's own token", answered(401), []],
    ['a redirect', answered(307), []],
  ])('after %s repeats what the table says', (...row) => {
    const [, outcome, operations, reason] = row;
    const decisions = all.map((operation) => [operation, decide(operation, outcome)] as const);
    const repeated = decisions.filter(([, { kind }]) => kind === 'repeat');
    expect(repeated.map(([operation]) => operation)).toEqual(operations);
    const isNew = outcome.kind === 'answered' && outcome.status === 503;
    for (const [, decision] of decisions) {
      expect(decision).toMatchObject(
        decision.kind === 'repeat'
          ? { onNewConnection: isNew, withFreshToken: false, ...(reason && { reason }) }
          : { because: 'final' },
      );
    }
  });

  it('never repeats after any other 4xx', () => {
    for (let status = 400; status < 500; status += 1) {
      const kinds = all.map((operation) => decide(operation, answered(status)).kind);
      expect([status, kinds.includes('repeat')]).toEqual([status, status === 429]);
    }
  });

  it('repeats at once, with a fresh token, after a 401 if a token of our own can be replaced', () => {
    for (const operation of all) {
      const canRefreshToken = true;
      expect(decide(operation, answered(401), { canRefreshToken })).toEqual({
        kind: 'repeat',
        reason: 'unauthorized',
        delayMs: 0,
        onNewConnection: false,
        withFreshToken: true,
      });
      const challenged = answered(401, { hasClaims: true });
      expect(decide(operation, challenged, { canRefreshToken }).kind).toBe('stop');
    }
  });

  it.each([
    [1, undefined, 0, 0],
    [1, undefined, 0.5, 100],
    [1, undefined, 0.999, 200],
    [2, undefined, 0.999, 400],
    [1, 2128, 0, 2128],
    [1, 50, 0.999, 200],
    [2, 0, 0.5, 200],
  ])('in attempt %i, asked for %j ms, with chance %j waits %i ms', (...row) => {
    const [attempt, retryAfterMs, chance, delayMs] = row;
    const outcome = answered(429, { retryAfterMs });
    expect(decide('add', outcome, { attempt, chance })).toMatchObject({ delayMs });
  });

  it.each<[string, Partial<RetryFacts>, object]>([
    ['makes a third attempt', { attempt: 2 }, { kind: 'repeat' }],
    ['makes no fourth attempt', { attempt: 3 }, { kind: 'stop', because: 'attempts' }],
    ['waits if the wait ends before the deadline', { timeLeftMs: 2001 }, { kind: 'repeat' }],
    ['stops if the wait ends at it', { timeLeftMs: 2000 }, { kind: 'stop', because: 'time' }],
    ['stops without a repeat to spare', { hasBudget: false }, { kind: 'stop', because: 'budget' }],
  ])('%s', (_what, more, decision) => {
    const outcome = answered(429, { retryAfterMs: 2000 });
    expect(decide('add', outcome, more)).toMatchObject(decision);
  });
});

describe('mayHaveBeenExecuted', () => {
  it.each<[string, AttemptOutcome, boolean]>([
    ['a connection that was never made', failed('not-connected'), false],
    ['a connection that broke', failed('broken'), true],
    ['429', answered(429), false],
    ['500', answered(500), true],
    ['503', answered(503), true],
    ['503 with Retry-After', answered(503, { wasRejectedUnread: true }), false],
  ])('knows it of %s', (_what, outcome, expected) => {
    expect(mayHaveBeenExecuted(outcome)).toBe(expected);
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
    expect(attemptLimitMsOf(operation, timeLeftMs)).toBe(expected);
  });
});

describe('classifyEnd', () => {
  const slowMs = 5000;
  const ended = (code: GraphErrorCode) => new GraphError(code, 'No', { fault: 'ended' });
  const classify = (error: unknown, durationMs = 60_000, operation: GraphOperation = 'list') =>
    classifyEnd(operation, { error, durationMs }, slowMs);

  it.each([
    ...[200, 301, 400, 401, 404, 408, 429, 501].map((status) => [status, 'up'] as const),
    ...[500, 502, 503, 504].map((status) => [status, 'down'] as const),
  ])('takes a %i for %s', (status, verdict) => {
    expect(classifyEnd('list', { answer: answer(status) }, slowMs)).toBe(verdict);
  });

  it.each<[string, unknown, string]>([
    ['a connection that cannot be made', network('not-connected'), 'down'],
    ['a certificate that cannot be trusted', network('untrusted'), 'down'],
    ['a connection that breaks', network('broken'), 'down'],
    ['an answer that cannot be believed', new GraphError('badResponse', 'No'), 'up'],
    ['a proxy that rejects the credentials', network('proxy-credentials'), 'down'],
    ['a timeout in the queue', new GraphError('timeout', 'No', { fault: 'queued' }), 'nothing'],
    [
      'an answer that was cut off',
      new GraphError('badResponse', 'No', { fault: 'broken' }),
      'down',
    ],
    ['a caller that left', ended('callerLeft'), 'nothing'],
    ['a gateway that stops', ended('unavailable'), 'nothing'],
    ['a queue that is full', new GraphError('overloaded', 'No'), 'nothing'],
    ['a missing token', new GraphError('unauthenticated', 'No'), 'nothing'],
    ['a fault of the program', new TypeError('No'), 'nothing'],
    ['what is no error', undefined, 'nothing'],
  ])('takes %s for what it is', (_what, error, verdict) => {
    expect(classify(error)).toBe(verdict);
  });

  it('takes a timeout for something only if it took its time', () => {
    expect(classify(ended('timeout'), slowMs)).toBe('down');
    expect(classify(ended('timeout'), slowMs - 1)).toBe('nothing');
  });

  it('takes an outage beside partners for nothing', () => {
    expect(classify(network('broken'), 0, 'getGroups')).toBe('nothing');
    expect(classifyEnd('getFilters', { answer: answer(503) }, slowMs)).toBe('nothing');
    expect(classifyEnd('getFilters', { answer: answer(200) }, slowMs)).toBe('up');
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

describe('networkErrorOf', () => {
  it.each<[boolean, AttemptFault | undefined, readonly (string | undefined)[]]>([
    [
      false,
      'untrusted',
      [
        'CERT_HAS_EXPIRED',
        'CERT_NOT_YET_VALID',
        'CERT_SIGNATURE_FAILURE',
        'DEPTH_ZERO_SELF_SIGNED_CERT',
        'SELF_SIGNED_CERT_IN_CHAIN',
        'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
        'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
        'ERR_TLS_CERT_ALTNAME_INVALID',
      ],
    ],
    [
      false,
      'not-connected',
      ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT', undefined],
    ],
    [true, 'broken', ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'HPE_INVALID_EOF_STATE', undefined]],
    [
      true,
      undefined,
      ['HPE_INVALID_CONSTANT', 'HPE_INVALID_HEADER_TOKEN', 'UND_ERR_HEADERS_OVERFLOW'],
    ],
  ])('if sent is %j, finds the fault %j in %j, and leaves no read in doubt', (...row) => {
    const [wasSent, fault, systemCodes] = row;
    for (const systemCode of systemCodes) {
      const cause = Object.assign(new Error('of graph.example'), { code: systemCode });
      for (const isWrite of [false, true]) {
        const error = networkErrorOf({ cause, wasSent, isWrite });
        expect([systemCode, error.details.fault, error.cause]).toEqual([systemCode, fault, cause]);
        const code = fault === undefined ? 'badResponse' : 'unavailable';
        expect(error).toMatchObject({ code, mayHaveBeenApplied: wasSent && isWrite });
        expect(error.message).not.toContain('graph.example');
      }
    }
  });
});
