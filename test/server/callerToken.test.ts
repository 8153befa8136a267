import { describe, expect, it } from '@jest/globals';
import { readCallerToken } from '../../src/server/callerToken.ts';

describe('readCallerToken', () => {
  it.each([
    ['Bearer abc.def-ghi_jkl', 'abc.def-ghi_jkl'],
    ['bearer abc==', 'abc=='],
    ['Bearer   abc', 'abc'],
    [`Bearer ${'x'.repeat(16_384)}`, 'x'.repeat(16_384)],
  ])('reads the token of %.30s', (header, token) => {
    expect(readCallerToken(['Host', 'x', 'AUTHORIZATION', header])?.reveal()).toBe(token);
  });

  it.each([
    [[]],
    [['Authorization', '']],
    [['Authorization', 'Bearer']],
    [['Authorization', 'Bearer ']],
    [['Authorization', 'Basic abc']],
    [['Authorization', 'Bearer abc def']],
    [['Authorization', 'Bearer abc, Bearer def']],
    [['Authorization', `Bearer ${'x'.repeat(16_385)}`]],
    [['Authorization', 'Bearer abc', 'authorization', 'Bearer def']],
    [['X', 'authorization', 'Y', 'Bearer abc']],
  ])('finds none in %.60j', (rawHeaders) => {
    expect(readCallerToken(rawHeaders)).toBeUndefined();
  });
});
