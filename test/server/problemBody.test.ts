import { describe, expect, it } from '@jest/globals';
import { problemOf } from '../../src/server/problemBody.ts';

describe('problemOf', () => {
  it.each([
    [400, 400, 'BAD_REQUEST'],
    [404, 404, 'NOT_FOUND'],
    [405, 405, 'METHOD_NOT_ALLOWED'],
    [413, 413, 'REQUEST_TOO_LARGE'],
    [415, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [431, 431, 'HEADERS_TOO_LARGE'],
    [418, 418, 'BAD_REQUEST'],
    [500, 500, 'INTERNAL_SERVER_ERROR'],
    [503, 500, 'INTERNAL_SERVER_ERROR'],
    [302, 500, 'INTERNAL_SERVER_ERROR'],
  ])('answers %i with %i and the code %s', (status, expected, code) => {
    const problem = problemOf(status);
    expect(problem.status).toBe(expected);
    expect(problem.body.errors[0].extensions.code).toBe(code);
  });

  it('takes other words for what it knows', () => {
    const { message, extensions } = problemOf(405, 'Use GET.').body.errors[0];
    expect([message, extensions.code]).toEqual(['Use GET.', 'METHOD_NOT_ALLOWED']);
  });
});
