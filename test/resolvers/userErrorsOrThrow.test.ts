import { describe, expect, it } from '@jest/globals';
import { type GraphErrorCode, GraphResponseError } from '../../src/graph/errors.ts';
import { GatewayError } from '../../src/resolvers/gatewayError.ts';
import { userErrorsOf } from '../../src/resolvers/userErrorsOf.ts';
import { userErrorsOrThrow } from '../../src/resolvers/userErrorsOrThrow.ts';

const sent = { displayName: 'Fleet', windowsOnboarded: true };

describe('userErrorsOrThrow', () => {
  it.each<[GraphErrorCode, string]>([
    ['invalidRequest', 'BAD_USER_INPUT'],
    ['conflict', 'CONFLICT'],
  ])('makes data of %s', (code, translated) => {
    const error = new GraphResponseError(code, 'Why.', {});
    expect(userErrorsOrThrow(error, sent)).toEqual([
      { code: translated, message: 'Why.', field: null },
    ]);
  });

  it('names the field that Graph names', () => {
    const error = new GraphResponseError('invalidRequest', 'Why.', {
      quotedNames: ['windowsOnboarded'],
    });
    expect(userErrorsOrThrow(error, sent)?.[0]?.field).toEqual(['input', 'windowsOnboarded']);
  });

  it("names the mutation's own field where Graph names none", () => {
    const error = new GraphResponseError('invalidRequest', 'Why.', {});
    expect(userErrorsOrThrow(error, sent, ['input', 'target'])[0]?.field).toEqual([
      'input',
      'target',
    ]);
  });

  it('says of a partner that is not there that it is the id', () => {
    const error = new GraphResponseError('notFound', 'Why.', {});
    expect(userErrorsOrThrow(error, sent)).toEqual([
      {
        code: 'NOT_FOUND',
        message: 'Microsoft Graph has no partner with this id.',
        field: ['input', 'id'],
      },
    ]);
  });

  it.each<[string, GraphResponseError, string]>([
    [
      'a fault that no input can mend',
      new GraphResponseError('unavailable', '', {}),
      'UPSTREAM_UNAVAILABLE',
    ],
    [
      'a write in doubt',
      new GraphResponseError('conflict', '', { mayHaveBeenApplied: true }),
      'OUTCOME_UNKNOWN',
    ],
  ])('throws %s', (_what, error, code) => {
    expect(() => userErrorsOrThrow(error, sent)).toThrow(
      expect.objectContaining({ extensions: expect.objectContaining({ code }) }),
    );
    expect(() => userErrorsOrThrow(error, sent)).toThrow(GatewayError);
  });

  it('throws an unexpected error as it came', () => {
    const bug = new TypeError('a bug');
    expect(() => userErrorsOrThrow(bug, sent)).toThrow(bug);
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
