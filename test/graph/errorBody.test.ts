import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cleanMessage } from '../../src/graph/cleanMessage.ts';
import { readErrorBody } from '../../src/graph/errorBody.ts';
import { intuneErrors } from '../support/intuneErrors.ts';

const parse = (body: unknown) => readErrorBody(JSON.parse(JSON.stringify(body)));

describe('readErrorBody', () => {
  it.each<[string, object, string[], string]>([
    [
      'JSON in a string',
      intuneErrors.jsonInString('BadRequest', 'No such thing'),
      ['BadRequest'],
      'No such thing',
    ],
    [
      'JSON in a string twice over',
      intuneErrors.jsonInStringTwice('Forbidden', 'Not you'),
      ['UnknownError', 'Forbidden'],
      'Not you',
    ],
    [
      'plain text with a tail',
      intuneErrors.plainWithTail('InternalError', 'Oops'),
      ['InternalError'],
      'Oops',
    ],
    [
      'a model validation failure',
      intuneErrors.modelValidation('Bad x'),
      ['ModelValidationFailure'],
      'Bad x',
    ],
    [
      'a missing route',
      intuneErrors.noRoute(),
      ['No method match route template'],
      'No OData route exists that match template ~/singleton/navigation/key with http verb GET for request /StatelessOnboardingService/deviceManagement/x.',
    ],
    [
      'a missing segment',
      intuneErrors.noSegment('x'),
      ['BadRequest'],
      "Resource not found for the segment 'x'.",
    ],
  ])('reads %s', (_shape, body, codes, message) => {
    const parsed = parse(body);
    expect(parsed).toMatchObject({
      codes,
      requestId: 'inner-request',
      clientRequestId: 'inner-client',
      date: '2022-03-30T18:47:41',
    });
    expect(cleanMessage(parsed?.message ?? '')).toBe(message);
  });

  it('reads nested inner errors in both spellings, and leaves empty codes out', () => {
    const body = {
      error: {
        code: '',
        message: '',
        innererror: {
          code: 'activityLimitReached',
          innerError: { code: 'throttledRequest', message: 'slow' },
        },
      },
    };
    expect(parse(body)).toMatchObject({
      codes: ['activityLimitReached', 'throttledRequest'],
      message: 'slow',
      requestId: undefined,
    });
  });

  it('reads inner JSON with raw line breaks in its strings', () => {
    const body = { error: { code: 'BadRequest', message: '{"Message":"one\r\ntwo"}' } };
    expect(parse(body)?.message).toBe('one two');
  });

  it.each([null, 1, 'x', [], {}, { error: null }, { error: 'no' }, { message: 'x' }])(
    'finds no envelope in %j',
    (body) => {
      expect(parse(body)).toBeUndefined();
    },
  );

  it('finds no envelope in a page of HTML or in nothing', () => {
    expect(readErrorBody(undefined)).toBeUndefined();
    expect(readErrorBody('<html>502 Bad Gateway</html>')).toBeUndefined();
  });

  it.each<[unknown, string | undefined]>([
    ['30', '30'],
    [30, '30'],
    [2.5, '2.5'],
    ['Sun, 01 Mar 2026 12:00:30 GMT', 'Sun, 01 Mar 2026 12:00:30 GMT'],
    [null, undefined],
    ['', undefined],
    [true, undefined],
    [{ seconds: 30 }, undefined],
  ])('reads the RetryAfter %j inside a message as %j', (RetryAfter, expected) => {
    const message = JSON.stringify({ _version: 3, Message: 'Slow down', RetryAfter });
    expect(parse({ error: { code: 'TooManyRequests', message } })?.retryAfter).toBe(expected);
  });

  it('reads the outermost RetryAfter, through JSON in a string twice over', () => {
    const inner = JSON.stringify({ Message: 'Slow down', RetryAfter: '7' });
    const once = JSON.stringify({ ErrorCode: 'TooManyRequests', Message: inner });
    const outer = JSON.stringify({ ErrorCode: 'Busy', RetryAfter: '9', Message: inner });
    expect(parse({ error: { message: once } })?.retryAfter).toBe('7');
    expect(parse({ error: { message: outer } })?.retryAfter).toBe('9');
    const nested = { error: { message: 'Busy', innerError: { message: once } } };
    expect(parse(nested)?.retryAfter).toBe('7');
  });

  it('takes no RetryAfter from where Intune does not write it', () => {
    const error = { code: 'TooManyRequests', message: 'RetryAfter: 30', RetryAfter: '30' };
    expect(parse({ error })?.retryAfter).toBeUndefined();
  });

  it('never throws, however deep and strange the envelope', () => {
    const nested = fc.letrec((tie) => ({
      error: fc.record(
        {
          code: fc.jsonValue(),
          message: fc.oneof(fc.jsonValue(), fc.json()),
          innerError: fc.oneof({ depthSize: 'small' }, tie('error'), fc.jsonValue()),
        },
        { requiredKeys: [] },
      ),
    }));
    fc.assert(
      fc.property(nested.error, (error) => {
        expect(parse({ error })?.codes.every((code) => code !== '')).not.toBe(false);
      }),
    );
  });
});
