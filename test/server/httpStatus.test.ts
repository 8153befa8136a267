import { describe, expect, it } from '@jest/globals';
import type { FormattedExecutionResult } from 'graphql';
import { decideHttpOutcome } from '../../src/server/httpStatus.ts';

const failed = (code: string, extensions: object = {}, path?: string) => ({
  message: code,
  ...(path !== undefined && { path: [path] }),
  extensions: { code, ...extensions },
});
const unauthenticated = (path: string, extensions: object = {}) =>
  failed('UNAUTHENTICATED', extensions, path);

describe('decideHttpOutcome', () => {
  it.each([
    ['BAD_USER_INPUT', 400],
    ['UNAUTHENTICATED', 401],
    ['FORBIDDEN', 403],
    ['THROTTLED', 429],
    ['OVERLOADED', 503],
    ['UPSTREAM_UNAVAILABLE', 503],
  ])('rejects with %s as %i before the execution', (code, status) => {
    expect(decideHttpOutcome({ errors: [failed(code)] })?.status).toBe(status);
    expect(decideHttpOutcome({ data: null, errors: [failed(code)] })?.status).toBe(status);
  });

  it.each(['GRAPHQL_PARSE_FAILED', 'INTERNAL_SERVER_ERROR'])('leaves %s to Apollo', (code) => {
    expect(decideHttpOutcome({ errors: [failed(code)] })).toBeUndefined();
  });

  it('gives Retry-After with a rejection that knows when to retry', () => {
    const errors = [failed('THROTTLED', { retryAfterSeconds: 7 })];
    expect(decideHttpOutcome({ errors })?.headers).toEqual({ 'retry-after': '7' });
  });

  it.each([
    ['no token', {}, 'Bearer'],
    ['no token of ours', { reason: 'token-missing' }, 'Bearer'],
    ['a rejected token', { graph: { status: 401 } }, 'Bearer error="invalid_token"'],
    ['an expired token', { reason: 'token-expired' }, 'Bearer error="invalid_token"'],
    [
      'missing claims',
      { claims: '{"a":1}' },
      'Bearer error="insufficient_claims", claims="eyJhIjoxfQ=="',
    ],
  ])('challenges after %s, before and after the execution', (_what, extensions, challenge) => {
    const headers = { 'www-authenticate': challenge };
    const before = { errors: [failed('UNAUTHENTICATED', extensions)] };
    expect(decideHttpOutcome(before)).toEqual({ status: 401, headers });
    const after = { data: { a: null }, errors: [unauthenticated('a', extensions)] };
    expect(decideHttpOutcome(after)).toEqual({ status: 200, headers });
  });

  it.each([
    'BAD_USER_INPUT',
    'FORBIDDEN',
    'TENANT_NOT_LICENSED',
    'THROTTLED',
    'OVERLOADED',
    'UPSTREAM_UNAVAILABLE',
    'UPSTREAM_TIMEOUT',
    'UPSTREAM_BAD_RESPONSE',
    'OUTCOME_UNKNOWN',
    'INTERNAL_SERVER_ERROR',
  ])('says nothing of %s after the execution', (code) => {
    const errors = [failed(code, { retryAfterSeconds: 7 }, 'a')];
    expect(decideHttpOutcome({ data: { a: null }, errors })).toBeUndefined();
  });

  it.each<[string, FormattedExecutionResult]>([
    ['nothing failed', { data: { a: { id: 1 } } }],
    ['null was the answer', { data: { a: null } }],
    ['nothing but `__typename` was asked for', { data: { __typename: 'Mutation' } }],
    [
      'another field succeeded',
      { data: { a: null, b: { id: 1 } }, errors: [unauthenticated('a')] },
    ],
    [
      'another field is null as an answer',
      { data: { a: null, b: null }, errors: [unauthenticated('a')] },
    ],
    [
      'another field failed otherwise',
      {
        data: { a: null, b: null },
        errors: [unauthenticated('a'), failed('OUTCOME_UNKNOWN', {}, 'b')],
      },
    ],
    [
      'only a part of the field failed',
      { data: { a: { x: null } }, errors: [unauthenticated('a')] },
    ],
  ])('does not challenge if %s', (_what, result) => {
    expect(decideHttpOutcome(result)).toBeUndefined();
  });

  it('challenges with the first of several errors, and takes no notice of `__typename`', () => {
    const data = { __typename: 'Mutation', a: null, b: null };
    const errors = [unauthenticated('a', { claims: '{"a":1}' }), unauthenticated('b')];
    expect(decideHttpOutcome({ data, errors })?.headers['www-authenticate']).toContain('claims=');
  });
});
