import { describe, expect, it } from '@jest/globals';
import { type GraphErrorCode, GraphResponseError } from '../../src/graph/errors.ts';
import { toUserErrors, userErrorsOf } from '../../src/resolvers/toUserErrors.ts';

const sent = { displayName: 'Fleet', windowsOnboarded: true };

describe('toUserErrors', () => {
  it.each<[GraphErrorCode, string]>([
    ['invalidRequest', 'BAD_USER_INPUT'],
    ['notFound', 'NOT_FOUND'],
    ['conflict', 'CONFLICT'],
  ])('makes data of %s', (code, translated) => {
    const error = new GraphResponseError(code, 'Why.', {});
    expect(toUserErrors(error, sent)).toEqual([{ code: translated, message: 'Why.', field: null }]);
  });

  it('names the field that Graph names', () => {
    const error = new GraphResponseError('invalidRequest', 'Why.', {
      quotedNames: ['windowsOnboarded'],
    });
    expect(toUserErrors(error, sent)?.[0]?.field).toEqual(['input', 'windowsOnboarded']);
  });

  it.each<[string, unknown]>([
    ['a fault that no input can mend', new GraphResponseError('unavailable', '', {})],
    ['a write in doubt', new GraphResponseError('conflict', '', { mayHaveBeenApplied: true })],
    ['an unexpected error', new TypeError('a bug')],
  ])('makes no data of %s', (_what, error) => {
    expect(toUserErrors(error, sent)).toBeUndefined();
  });
});

describe('userErrorsOf', () => {
  it('keeps all problems in their order', () => {
    expect(
      userErrorsOf([
        { path: ['input', 'id'], message: 'First.' },
        { path: ['input', 'partnerState'], message: 'Second.' },
      ]),
    ).toEqual([
      { code: 'BAD_USER_INPUT', message: 'First.', field: ['input', 'id'] },
      { code: 'BAD_USER_INPUT', message: 'Second.', field: ['input', 'partnerState'] },
    ]);
  });
});
