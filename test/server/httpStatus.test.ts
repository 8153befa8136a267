import { describe, expect, it } from '@jest/globals';
import type { FormattedExecutionResult } from 'graphql';
import { decideHttpOutcome } from '../../src/server/httpStatus.ts';

const failed = (code: string, extensions: object = {}, path = 'a') => ({
  message: code,
  path: [path],
  extensions: { code, ...extensions },
});

describe('decideHttpOutcome', () => {
  it.each([
    ['BAD_USER_INPUT', 400],
    ['UNAUTHENTICATED', 401],
    ['FORBIDDEN', 403],
    ['TENANT_NOT_LICENSED', 403],
    ['THROTTLED', 429],
    ['OVERLOADED', 503],
    ['UPSTREAM_UNAVAILABLE', 503],
    ['UPSTREAM_TIMEOUT', 504],
    ['UPSTREAM_BAD_RESPONSE', 502],
    ['OUTCOME_UNKNOWN', 500],
    ['INTERNAL_SERVER_ERROR', 500],
  ])('says %s as %i where nothing succeeded', (code, status) => {
    expect(decideHttpOutcome({ data: { a: null }, errors: [failed(code)] })?.status).toBe(status);
    expect(decideHttpOutcome({ data: null, errors: [failed(code)] })?.status).toBe(status);
  });

  it.each<[string, FormattedExecutionResult]>([
    ['nothing failed', { data: { a: { id: 1 } } }],
    ['null was the answer', { data: { a: null } }],
    ['another field succeeded', { data: { a: null, b: { id: 1 } }, errors: [failed('FORBIDDEN')] }],
    [
      'another field is null as an answer',
      { data: { a: null, b: null }, errors: [failed('FORBIDDEN')] },
    ],
    [
      'only a part of the field failed',
      { data: { a: { x: null } }, errors: [failed('FORBIDDEN')] },
    ],
    [
      'it was never executed',
      { errors: [{ message: 'x', extensions: { code: 'GRAPHQL_PARSE_FAILED' } }] },
    ],
  ])('leaves the status alone where %s', (_what, result) => {
    expect(decideHttpOutcome(result)).toBeUndefined();
  });

  it('takes a `__typename` at the root for nothing that succeeded', () => {
    const data = { __typename: 'Mutation', a: null };
    expect(decideHttpOutcome({ data, errors: [failed('FORBIDDEN')] })?.status).toBe(403);
    expect(decideHttpOutcome({ data: { __typename: 'Mutation' } })).toBeUndefined();
  });

  it('lets the first of several errors speak, but a doubt before it', () => {
    const errors = [
      failed('UPSTREAM_UNAVAILABLE', { retryAfterSeconds: 7 }),
      failed('FORBIDDEN', {}, 'b'),
    ];
    const data = { a: null, b: null };
    expect(decideHttpOutcome({ data, errors })).toEqual({
      status: 503,
      headers: { 'retry-after': '7' },
    });
    const doubtful = [...errors, failed('OUTCOME_UNKNOWN', {}, 'c')];
    expect(decideHttpOutcome({ data: { ...data, c: null }, errors: doubtful })).toEqual({
      status: 500,
      headers: {},
    });
  });

  it('says when to come back', () => {
    const errors = [failed('THROTTLED', { retryAfterSeconds: 7 })];
    expect(decideHttpOutcome({ data: null, errors })?.headers).toEqual({ 'retry-after': '7' });
  });

  it.each([
    ['no token', {}, 'Bearer'],
    ['a refused token', { graph: { status: 401 } }, 'Bearer error="invalid_token"'],
    [
      'missing claims',
      { claims: '{"a":1}' },
      'Bearer error="insufficient_claims", claims="eyJhIjoxfQ=="',
    ],
  ])('challenges after %s', (_what, extensions, challenge) => {
    const errors = [failed('UNAUTHENTICATED', extensions)];
    expect(decideHttpOutcome({ data: null, errors })?.headers).toEqual({
      'www-authenticate': challenge,
    });
  });
});
