import { makeExecutableSchema } from '@graphql-tools/schema';
import { describe, expect, it } from '@jest/globals';
import { type FormattedExecutionResult, GraphQLError, graphql } from 'graphql';
import {
  readCallerToken,
  readRequestedWaitMs,
  readTraceparent,
} from '../../src/graphql/context.ts';
import { decideHttpOutcome, isForCaller, problemOf } from '../../src/graphql/errorFormat.ts';

const fail = (error: Error) => () => {
  throw error;
};
const schema = makeExecutableSchema({
  typeDefs: `
    input Choice @oneOf { a: Inside b: Int }
    input Inside { x: Int }
    type Query {
      required(id: ID!): Int
      chosen(choice: Choice!): Int
      bug: Int
      graphqlBug: Int
      number: Int
      never: Int!
    }
  `,
  resolvers: {
    Query: {
      bug: fail(new TypeError('a bug')),
      graphqlBug: fail(new GraphQLError('a bug of a library')),
      number: () => 'many',
    },
  },
});

describe('isForCaller', () => {
  it.each<[boolean, string, string, Record<string, unknown>]>([
    [true, 'null in a variable with a default', '($v: ID = "a") { required(id: $v) }', { v: null }],
    [true, 'null for the one key', '($v: Inside) { chosen(choice: { a: $v }) }', { v: null }],
    [true, 'no value for the one key', '($v: Inside) { chosen(choice: { a: $v }) }', {}],
    [true, 'null for a directive', '($v: Boolean = true) { number @include(if: $v) }', { v: null }],
    [false, 'a bug', '{ bug }', {}],
    [false, 'a bug of a library', '{ graphqlBug }', {}],
    [false, 'a value of another type', '{ number }', {}],
    [false, 'a missing value', '{ never }', {}],
  ])('is %s for %s', async (expected, _what, source, variableValues) => {
    const result = await graphql({ schema, source: `query ${source}`, variableValues });
    const error = result.errors?.[0];
    expect(error && isForCaller(error.toJSON(), error)).toBe(expected);
  });
});

describe('readCallerToken', () => {
  it.each<[string | undefined, string | undefined]>([
    ['Bearer abc.def-ghi_jkl', 'abc.def-ghi_jkl'],
    ['bearer   abc==', 'abc=='],
    [`Bearer ${'x'.repeat(16_384)}`, 'x'.repeat(16_384)],
    [`Bearer ${'x'.repeat(16_385)}`, undefined],
    [undefined, undefined],
    ['Bearer ', undefined],
    ['Basic abc', undefined],
    ['Bearer abc def', undefined],
    ['Bearer abc, Bearer def', undefined],
  ])('reads %.60j', (header, token) => {
    expect(readCallerToken(header)?.reveal()).toBe(token);
  });

  it('keeps the last 1,000 tokens, however short they are', () => {
    const first = readCallerToken('Bearer first');
    const readOthers = (count: number): void =>
      [...Array(count).keys()].forEach((index) => void readCallerToken(`Bearer ${index}`));
    readOthers(999);
    expect(readCallerToken('Bearer first')).toBe(first);
    readOthers(1_000);
    expect(readCallerToken('Bearer first')).not.toBe(first);
  });
});

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
    ['GRAPHQL_PARSE_FAILED', undefined],
    ['INTERNAL_SERVER_ERROR', undefined],
  ])('rejects with %s as %j before the execution, and says nothing after it', (code, status) => {
    const extensions = { retryAfterSeconds: 7 };
    for (const result of [{}, { data: null }]) {
      const outcome = decideHttpOutcome({ ...result, errors: [failed(code, extensions)] });
      expect(outcome?.status).toBe(status);
    }
    if (code !== 'UNAUTHENTICATED') {
      const errors = [failed(code, extensions, 'a')];
      expect(decideHttpOutcome({ data: { a: null }, errors })).toBeUndefined();
    }
  });

  it('gives Retry-After with a rejection that knows when to retry', () => {
    const errors = [failed('THROTTLED', { retryAfterSeconds: 7 })];
    expect(decideHttpOutcome({ errors })?.headers).toEqual({ 'retry-after': '7' });
  });

  it.each([
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

  it.each<[string, FormattedExecutionResult]>([
    ['nothing failed', { data: { a: { id: 1 } } }],
    ['null was the answer', { data: { a: null } }],
    ['nothing but `__typename` was asked for', { data: { __typename: 'Mutation' } }],
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

describe('problemOf', () => {
  it.each([
    [418, 418, 'BAD_REQUEST'],
    [503, 500, 'INTERNAL_SERVER_ERROR'],
    [302, 500, 'INTERNAL_SERVER_ERROR'],
  ])('answers %i, which it has no words for, with %i and the code %s', (given, status, code) => {
    const body = { errors: [{ extensions: { code } }] };
    expect(problemOf(given)).toMatchObject({ status, body });
  });
});

describe('readTraceparent', () => {
  const good = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  it.each([
    [true, good],
    [false, good.toUpperCase()],
    [false, `${good}-x`],
    [false, good.replace(/^00/, 'ff')],
    [false, '00-00000000000000000000000000000000-b7ad6b7169203331-01'],
    [false, '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01'],
    [false, undefined],
  ])('passes on, %s, %j', (isPassedOn, traceparent) => {
    expect(readTraceparent({ traceparent })).toBe(isPassedOn ? traceparent : undefined);
  });
});

describe('readRequestedWaitMs', () => {
  it.each<[string | string[] | undefined, number | undefined]>([
    ['wait=10', 10_000],
    ['Wait = "1.5"', 1500],
    ['respond-async, wait=10', 10_000],
    ['wait=3, wait=10', 3000],
    [['return=minimal', 'wait=10'], 10_000],
    [undefined, undefined],
    ['wait=0', undefined],
    ['wait=1e3', undefined],
    ['wait=10s', undefined],
    ['wait=9999999', undefined],
    ['await=10', undefined],
    ['wait-time=10', undefined],
    // What follows a semicolon is a parameter of the preference before it, and no preference.
    ['return=minimal; wait=10', undefined],
  ])('reads %j as %j ms', (prefer, expected) => {
    expect(readRequestedWaitMs({ prefer })).toBe(expected);
  });
});
