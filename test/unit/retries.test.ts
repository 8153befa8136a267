import { describe, expect, it } from '@jest/globals';
import { type AttemptFault, GraphNetworkError } from '../../src/graph/errors.ts';
import type { GraphResponse } from '../../src/graph/request.ts';
import {
  type AttemptOutcome,
  createRetryBudget,
  decideRetry,
  outcomeOfError,
  outcomeOfResponse,
  parseRetryAfterMs,
  type RetryFacts,
  retryAfterMsOf,
  throttlePauseMsOf,
  wasTurnedAway,
} from '../../src/graph/retryRules.ts';

const nowMs = Date.UTC(2026, 1, 11);
const outcomeOf = (status: number, headers: GraphResponse['headers'] = {}) =>
  outcomeOfResponse({ status, headers, body: Buffer.alloc(0) }, nowMs);
const nothing = {
  kind: 'answered',
  retryAfterMs: undefined,
  wasTurnedAway: false,
  hasClaims: false,
};
const claims = 'Bearer error="insufficient_claims", claims="eyJhIjoxfQ=="';

describe('outcomeOfResponse', () => {
  it.each<[string, number, GraphResponse['headers'], object]>([
    ['a success', 200, {}, {}],
    ['a success that says when to come back', 202, { 'retry-after': '5' }, {}],
    ['throttling', 429, { 'retry-after': '5' }, { retryAfterMs: 5000 }],
    ['a 503', 503, {}, {}],
    [
      'a 503 that says when',
      503,
      { 'retry-after': '5' },
      { retryAfterMs: 5000, wasTurnedAway: true },
    ],
    ['a 500 that says when', 500, { 'retry-after': '5' }, { retryAfterMs: 5000 }],
    ['a claims challenge', 401, { 'www-authenticate': claims }, { hasClaims: true }],
    ['a challenge without claims', 401, { 'www-authenticate': 'Bearer realm=""' }, {}],
  ])('reads %s', (_what, status, headers, more) => {
    expect(outcomeOf(status, headers)).toEqual({ ...nothing, status, ...more });
  });
});

describe('outcomeOfError', () => {
  it('gives the fault of a failure towards Graph', () => {
    const error = new GraphNetworkError('unavailable', 'No', { fault: 'not-connected' });
    expect(outcomeOfError(error)).toEqual({ kind: 'failed', fault: 'not-connected' });
  });

  it.each([
    ['one without a fault', new GraphNetworkError('unavailable', 'No')],
    ['one of the program', new TypeError('No')],
    ['what is no error', undefined],
  ])('gives none for %s', (_what, error) => {
    expect(outcomeOfError(error)).toEqual({ kind: 'failed', fault: undefined });
  });
});

type Kind = 'GET' | 'batch' | 'DELETE' | 'PATCH' | 'POST';
const kinds: readonly Kind[] = ['GET', 'batch', 'DELETE', 'PATCH', 'POST'];

const failed = (fault: AttemptFault | undefined): AttemptOutcome => ({ kind: 'failed', fault });

function answered(
  status: number,
  more: Partial<Extract<AttemptOutcome, { kind: 'answered' }>> = {},
): AttemptOutcome {
  const nothing = { retryAfterMs: undefined, wasTurnedAway: false, hasClaims: false };
  return { kind: 'answered', status, ...nothing, ...more };
}

function facts(kind: Kind, outcome: AttemptOutcome, more: Partial<RetryFacts> = {}): RetryFacts {
  return {
    method: kind === 'batch' ? 'POST' : kind,
    isWrite: kind !== 'GET' && kind !== 'batch',
    attempt: 1,
    outcome,
    canRefreshToken: false,
    timeLeftMs: 20_000,
    hasBudget: true,
    chance: 0.5,
    ...more,
  };
}

const repeats = (kind: Kind, outcome: AttemptOutcome, more: Partial<RetryFacts> = {}): boolean =>
  decideRetry(facts(kind, outcome, more)).kind === 'repeat';

/** The table of what may be repeated, row by row. */
const table: readonly [string, AttemptOutcome, readonly Kind[]][] = [
  ['never connected', failed('not-connected'), kinds],
  ['a bad certificate', failed('untrusted'), []],
  ['429 without a word on when', answered(429), kinds],
  ['429 with Retry-After', answered(429, { retryAfterMs: 2000 }), kinds],
  ['503 with Retry-After', answered(503, { retryAfterMs: 1000, wasTurnedAway: true }), kinds],
  [
    '503 where only Intune says when',
    answered(503, { retryAfterMs: 1000 }),
    ['GET', 'batch', 'DELETE'],
  ],
  ['503 without', answered(503), ['GET', 'batch', 'DELETE']],
  ['500', answered(500), ['GET', 'batch', 'DELETE']],
  ['502', answered(502), ['GET', 'batch', 'DELETE']],
  ['504', answered(504), ['GET', 'batch', 'DELETE']],
  ['501', answered(501), []],
  ['sent, then broken', failed('broken'), ['GET', 'batch', 'DELETE']],
  ['the end of the operation', failed('ended'), []],
  ['a failure of another kind', failed(undefined), []],
  ['401 with a claims challenge', answered(401, { hasClaims: true }), []],
  ["401 on the caller's own token", answered(401), []],
  ['a success', answered(201), []],
  ['a redirect', answered(307), []],
];

describe('decideRetry', () => {
  it.each(table)('after %s repeats what the table says', (_what, outcome, repeatable) => {
    expect(kinds.filter((kind) => repeats(kind, outcome))).toEqual(repeatable);
  });

  it('never repeats after any other 4xx', () => {
    for (let status = 400; status < 500; status += 1) {
      const isRepeated = kinds.some((kind) => repeats(kind, answered(status)));
      expect([status, isRepeated]).toEqual([status, status === 429]);
    }
  });

  it('repeats after a 401 where a token of our own can be replaced, at once, with a fresh one', () => {
    for (const kind of kinds) {
      expect(decideRetry(facts(kind, answered(401), { canRefreshToken: true }))).toEqual({
        kind: 'repeat',
        reason: 'unauthorized',
        delayMs: 0,
        onNewConnection: false,
        withFreshToken: true,
      });
      expect(repeats(kind, answered(401, { hasClaims: true }), { canRefreshToken: true })).toBe(
        false,
      );
    }
  });

  it.each([
    ['not-connected', failed('not-connected')],
    ['broken', failed('broken')],
    ['throttled', answered(429)],
    ['unavailable', answered(503)],
    ['server-error', answered(502)],
  ])('gives %s as the reason', (reason, outcome) => {
    expect(decideRetry(facts('GET', outcome))).toMatchObject({ kind: 'repeat', reason });
  });

  it('asks for a new connection after 503 and only then', () => {
    const isNew = (outcome: AttemptOutcome) =>
      decideRetry(facts('GET', outcome)).kind === 'repeat' && decideRetry(facts('GET', outcome));
    expect(isNew(answered(503))).toMatchObject({ onNewConnection: true });
    expect(isNew(answered(502))).toMatchObject({ onNewConnection: false });
    expect(isNew(failed('broken'))).toMatchObject({ onNewConnection: false });
  });

  it.each([
    [1, undefined, 0, 0],
    [1, undefined, 0.5, 100],
    [1, undefined, 0.999, 200],
    [2, undefined, 0.999, 400],
    [1, 2128, 0, 2128],
    [1, 50, 0.999, 200],
    [2, 0, 0.5, 200],
  ])(
    'in attempt %i, asked for %j ms, with chance %j waits %i ms',
    (attempt, retryAfterMs, chance, delayMs) => {
      const outcome = answered(429, { retryAfterMs });
      expect(decideRetry(facts('POST', outcome, { attempt, chance }))).toMatchObject({ delayMs });
    },
  );

  it('makes three attempts at the most', () => {
    expect(decideRetry(facts('GET', answered(500), { attempt: 2 })).kind).toBe('repeat');
    expect(decideRetry(facts('GET', answered(500), { attempt: 3 }))).toEqual({
      kind: 'stop',
      because: 'attempts',
    });
  });

  it('does not wait where the wait ends at the deadline or later', () => {
    const outcome = answered(429, { retryAfterMs: 2000 });
    expect(repeats('POST', outcome, { timeLeftMs: 2001 })).toBe(true);
    expect(decideRetry(facts('POST', outcome, { timeLeftMs: 2000 }))).toEqual({
      kind: 'stop',
      because: 'time',
    });
  });

  it('stops where the process has no repeats to spare', () => {
    expect(decideRetry(facts('GET', answered(500), { hasBudget: false }))).toEqual({
      kind: 'stop',
      because: 'budget',
    });
  });
});

const now = Date.parse('2026-03-01T12:00:00Z');

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
    ['Sun, 99 Mar 2026 12:00:30 GMT', undefined],
  ])('reads %j as %j ms', (header, expected) => {
    expect(parseRetryAfterMs(header, now)).toBe(expected);
  });
});

interface Said {
  readonly header?: string | string[];
  /** In the JSON inside the message of Intune's own error. */
  readonly inside?: unknown;
}

function answer(status: number, { header, inside }: Said): GraphResponse {
  const message = JSON.stringify({ Message: 'Slow down', RetryAfter: inside ?? null });
  const body = Buffer.from(JSON.stringify({ error: { code: 'TooManyRequests', message } }));
  return { status, headers: { 'retry-after': header }, body };
}

describe('retryAfterMsOf', () => {
  it.each<[Said, number | undefined]>([
    [{ header: '2' }, 2000],
    [{ header: ['3', '7'] }, 3000],
    [{ inside: '2' }, 2000],
    [{ inside: 2.5 }, 2500],
    [{ header: '2', inside: '9' }, 2000],
    [{ header: 'soon', inside: '9' }, 9000],
    [{ inside: 'soon' }, undefined],
    [{ inside: -1 }, undefined],
    [{}, undefined],
  ])('reads %j as %j ms', (said, expected) => {
    expect(retryAfterMsOf(answer(429, said), now)).toBe(expected);
  });

  it('reads none from a body that is no error', () => {
    const body = Buffer.from('<html>');
    expect(retryAfterMsOf({ status: 429, headers: {}, body }, now)).toBeUndefined();
  });
});

describe('throttlePauseMsOf', () => {
  it('takes a second for granted where nothing says when, and nothing else', () => {
    expect(throttlePauseMsOf(answer(429, {}), now)).toBe(1000);
    expect(throttlePauseMsOf(answer(429, { header: 'soon' }), now)).toBe(1000);
    expect(throttlePauseMsOf(answer(429, { header: '0' }), now)).toBe(0);
    expect(throttlePauseMsOf(answer(429, { inside: '30' }), now)).toBe(30_000);
  });
});

describe('wasTurnedAway', () => {
  it.each<[number, Said, boolean]>([
    [503, { header: '5' }, true],
    [503, { header: '0' }, true],
    [503, {}, false],
    [503, { header: 'soon' }, false],
    [503, { inside: '5' }, false],
    [500, { header: '5' }, false],
    [429, { header: '5' }, false],
  ])('tells of a %i with %j: %j', (status, said, expected) => {
    expect(wasTurnedAway(answer(status, said), now)).toBe(expected);
  });
});

function spend(budget: ReturnType<typeof createRetryBudget>): number {
  let taken = 0;
  while (budget.hasOne()) {
    budget.take();
    taken += 1;
  }
  return taken;
}

describe('createRetryBudget', () => {
  it('has thirty to begin with, and no more after the quietest time', () => {
    let nowMs = 0;
    const budget = createRetryBudget(() => nowMs);
    expect(spend(budget)).toBe(30);
    nowMs += 3_600_000;
    expect(spend(budget)).toBe(30);
  });

  it('gets three more each second', () => {
    let nowMs = 0;
    const budget = createRetryBudget(() => nowMs);
    spend(budget);
    nowMs += 2000;
    expect(spend(budget)).toBe(6);
  });

  it('gets one more with each ten requests', () => {
    const budget = createRetryBudget(() => 0);
    spend(budget);
    for (let request = 0; request < 51; request += 1) {
      budget.deposit();
    }
    expect(spend(budget)).toBe(5);
  });

  it('loses nothing where the clock is set back', () => {
    let nowMs = 10_000;
    const budget = createRetryBudget(() => nowMs);
    nowMs = 0;
    expect(spend(budget)).toBe(30);
  });
});
