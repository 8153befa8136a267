import { describe, expect, it } from '@jest/globals';
import { GraphNetworkError } from '../../../../src/graph/errors.ts';
import type { GraphResponse } from '../../../../src/graph/pipeline/pipeline.ts';
import {
  outcomeOfError,
  outcomeOfResponse,
} from '../../../../src/graph/pipeline/retry/attemptOutcome.ts';

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
