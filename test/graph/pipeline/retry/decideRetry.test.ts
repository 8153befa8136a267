import { describe, expect, it } from '@jest/globals';
import type { AttemptFault } from '../../../../src/graph/errors.ts';
import type { AttemptOutcome } from '../../../../src/graph/pipeline/retry/attemptOutcome.ts';
import { decideRetry, type RetryFacts } from '../../../../src/graph/pipeline/retry/decideRetry.ts';

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
