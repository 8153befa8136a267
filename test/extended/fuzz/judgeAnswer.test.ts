import { describe, expect, it } from '@jest/globals';
import { findAnswerProblem, type SeenAnswer } from './judgeAnswer.ts';

const none: ReadonlySet<string> = new Set();
const json = 'application/json; charset=utf-8';

const withCode = (code: unknown, message = 'It is wrong.'): string =>
  JSON.stringify({ errors: [{ message, extensions: { code } }] });

describe('findAnswerProblem', () => {
  it.each<[string, SeenAnswer]>([
    ['data', { status: 200, contentType: json, text: '{"data":{}}' }],
    [
      'data of the newer type',
      { status: 200, contentType: 'application/graphql-response+json', text: '{"data":{}}' },
    ],
    ['an error', { status: 400, contentType: json, text: withCode('BAD_USER_INPUT') }],
  ])('finds nothing in %s', (_what, answer) => {
    expect(findAnswerProblem(answer, { upstreamCodes: none })).toBeUndefined();
  });

  it.each<[string, SeenAnswer, RegExp]>([
    ['HTML', { status: 400, contentType: 'text/html', text: '<html>' }, /content type/],
    ['no type', { status: 400, contentType: undefined, text: '' }, /content type/],
    ['broken JSON', { status: 400, contentType: json, text: '{' }, /no JSON object/],
    ['an array', { status: 200, contentType: json, text: '[{"data":{}}]' }, /no JSON object/],
    ['a stray member', { status: 400, contentType: json, text: '{"error":"x"}' }, /"error"/],
    ['a 400 without errors', { status: 400, contentType: json, text: '{"data":{}}' }, /400/],
    ['no errors in errors', { status: 400, contentType: json, text: '{"errors":[]}' }, /no list/],
    [
      'an error of null',
      { status: 400, contentType: json, text: '{"errors":[null]}' },
      /no object/,
    ],
    ['no message', { status: 400, contentType: json, text: withCode('A_CODE', '') }, /no message/],
    [
      'no code',
      { status: 400, contentType: json, text: withCode(undefined) },
      /the code undefined/,
    ],
    ['an odd code', { status: 400, contentType: json, text: withCode('x y') }, /the code x y/],
    [
      'a stack',
      { status: 400, contentType: json, text: withCode('A_CODE', 'x at run (file.ts:1:2)') },
      /the inside/,
    ],
    ['a 500', { status: 500, contentType: json, text: withCode('BAD_USER_INPUT') }, /is a 500/],
    [
      'a masked error',
      { status: 200, contentType: json, text: withCode('INTERNAL_SERVER_ERROR') },
      /INTERNAL_SERVER_ERROR/,
    ],
    [
      "a fault of Graph's",
      { status: 200, contentType: json, text: withCode('UPSTREAM_TIMEOUT') },
      /UPSTREAM_TIMEOUT/,
    ],
  ])('finds %s', (_what, answer, problem) => {
    expect(findAnswerProblem(answer, { upstreamCodes: none })).toMatch(problem);
  });

  it("takes faults of Graph's where there can be some, and masked errors never", () => {
    const upstreamCodes = new Set(['UPSTREAM_TIMEOUT']);
    const answer = (code: string) => ({ status: 504, contentType: json, text: withCode(code) });
    expect(findAnswerProblem(answer('UPSTREAM_TIMEOUT'), { upstreamCodes })).toBeUndefined();
    expect(findAnswerProblem(answer('INTERNAL_SERVER_ERROR'), { upstreamCodes })).toBeDefined();
  });
});
