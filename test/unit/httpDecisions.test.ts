import { describe, expect, it } from '@jest/globals';
import { buildSchema, type FormattedExecutionResult, GraphQLError, graphql } from 'graphql';
import {
  readCallerToken,
  readRequestedWaitMs,
  readTraceparent,
} from '../../src/graphql/context.ts';
import { decideHttpOutcome, isForCaller, problemOf } from '../../src/graphql/errorFormat.ts';

const schema = buildSchema(`
  input Choice @oneOf { a: Inside b: Int }
  input Inside { x: Int }
  type Query {
    required(id: ID!): Int
    chosen(choice: Choice!): Int
    bug: Int graphqlBug: Int number: Int never: Int!
  }`);
const rootValue = {
  bug: () => new TypeError('a bug'),
  graphqlBug: () => new GraphQLError('a bug of a library'),
  number: () => 'many',
};

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
    const result = await graphql({ schema, rootValue, source: `query ${source}`, variableValues });
    const error = result.errors?.[0];
    expect(error && isForCaller(error.toJSON(), error)).toBe(expected);
  });
});

describe('readCallerToken', () => {
  it('reads a token of up to 16,384 characters, and no other header', () => {
    const tokens = ['abc.def-ghi_jkl', 'x'.repeat(16_384), 'abc=='];
    const read = tokens.map((token) => readCallerToken(`bearer   ${token}`)?.reveal());
    expect(read).toEqual(tokens);
    const headers = ['Bearer ', 'Basic abc', 'Bearer abc def', 'Bearer abc, Bearer def', undefined];
    const wrong = [...headers, `Bearer ${'x'.repeat(16_385)}`];
    expect(wrong.filter((header) => readCallerToken(header) !== undefined)).toEqual([]);
  });

  it('keeps the last 1,000 tokens, however short they are', () => {
    const first = readCallerToken('Bearer first');
    const isKeptAfter = (count: number) => {
      [...Array(count).keys()].forEach((index) => void readCallerToken(`Bearer ${index}`));
      return readCallerToken('Bearer first') === first;
    };
    expect([999, 1000].map(isKeptAfter)).toEqual([true, false]);
  });
});

const failed = (code: string, extensions: object = {}, path?: string) => ({
  message: code,
  ...(path !== undefined && { path: [path] }),
  extensions: { code, ...extensions },
});

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
    const errors = [failed(code, { retryAfterSeconds: 7 })];
    for (const result of [{}, { data: null }]) {
      const outcome = decideHttpOutcome({ ...result, errors });
      expect(outcome?.status).toBe(status);
      expect(outcome?.headers['retry-after']).toBe(status && '7');
    }
    const after = decideHttpOutcome({ data: { a: null }, errors: [failed(code, {}, 'a')] });
    expect(after?.status).toBe(code === 'UNAUTHENTICATED' ? 200 : undefined);
  });

  const invalid = 'Bearer error="invalid_token"';
  const asked = 'Bearer error="insufficient_claims", claims="eyJhIjoxfQ=="';
  it.each([
    ['no token of ours', { reason: 'token-missing' }, 'Bearer'],
    ['a rejected token', { graph: { status: 401 } }, invalid],
    ['an expired token', { reason: 'token-expired' }, invalid],
    ['missing claims', { claims: '{"a":1}' }, asked],
  ])('challenges after %s, before and after the execution', (_what, extensions, challenge) => {
    const headers = { 'www-authenticate': challenge };
    const before = { errors: [failed('UNAUTHENTICATED', extensions)] };
    expect(decideHttpOutcome(before)).toEqual({ status: 401, headers });
    // The first of several errors counts, and `__typename` does not.
    const data = { __typename: 'Mutation', a: null, b: null };
    const errors = [...'ab'].map((path) =>
      failed('UNAUTHENTICATED', path === 'a' ? extensions : {}, path),
    );
    expect(decideHttpOutcome({ data, errors })).toEqual({ status: 200, headers });
  });

  const nulls = { a: null, b: null };
  const rejected = failed('UNAUTHENTICATED', {}, 'a');
  it.each<[string, FormattedExecutionResult]>([
    ['nothing failed', { data: { a: { id: 1 } } }],
    ['null was the answer', { data: { a: null } }],
    ['nothing but `__typename` was asked for', { data: { __typename: 'Mutation' } }],
    ['another field is null as an answer', { data: nulls, errors: [rejected] }],
    ['another failed', { data: nulls, errors: [rejected, failed('OUTCOME_UNKNOWN', {}, 'b')] }],
    ['only a part of the field failed', { data: { a: { x: null } }, errors: [rejected] }],
  ])('does not challenge if %s', (_what, result) => {
    expect(decideHttpOutcome(result)).toBeUndefined();
  });
});

it.each([
  [418, 418, 'BAD_REQUEST'],
  [503, 500, 'INTERNAL_SERVER_ERROR'],
  [302, 500, 'INTERNAL_SERVER_ERROR'],
])('problemOf answers %i, which it has no words for, with %i and %s', (given, status, code) => {
  const body = { errors: [{ extensions: { code } }] };
  expect(problemOf(given)).toMatchObject({ status, body });
});

it('readTraceparent reads nothing but a whole one of version 0', () => {
  const good = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const zeros = [/(?<=^00-)\w+/, /\w+(?=-01$)/].map((id) =>
    good.replace(id, (found) => '0'.repeat(found.length)),
  );
  const bad = [good.toUpperCase(), `${good}-x`, good.replace(/^00/, 'ff'), ...zeros, undefined];
  expect(readTraceparent({ traceparent: good })).toBe(good);
  expect(bad.filter((traceparent) => readTraceparent({ traceparent }) !== undefined)).toEqual([]);
});

it.each<[string | string[] | undefined, number?]>([
  ['wait=10', 10_000],
  ['Wait = "1.5"', 1500],
  ['respond-async, wait=10', 10_000],
  ['wait=3, wait=10', 3000],
  [['return=minimal', 'wait=10'], 10_000],
  [undefined],
  ['wait=0'],
  ['wait=1e3'],
  ['wait=10s'],
  ['wait=9999999'],
  ['await=10'],
  ['wait-time=10'],
  // What follows a semicolon is a parameter of the preference before it, and no preference.
  ['return=minimal; wait=10'],
])('readRequestedWaitMs reads %j', (...[prefer, expected]) => {
  expect(readRequestedWaitMs({ prefer })).toBe(expected);
});
