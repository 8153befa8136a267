import { describe, expect, it } from '@jest/globals';
import { graphAnswerOf } from '../../src/graph/graphAnswerOf.ts';

const jwt = `eyJ${'a'.repeat(60)}.eyJ${'b'.repeat(60)}.sig`;
const body = {
  codes: ['BadRequest', 'Inner'],
  message: '',
  requestId: 'from-the-body',
  clientRequestId: 'own',
  date: '2022-03-30T18:47:41',
  retryAfter: undefined,
};
const noBytes = Buffer.alloc(0);

describe('graphAnswerOf', () => {
  it('takes ids and date of the headers before those of the body', () => {
    const headers = {
      'request-id': 'efa7d359-e387-4c10-a65e-b4cad04bf7f7',
      'client-request-id': 'from.the_caller-1',
      date: 'Wed, 11 Feb 2026 08:30:05 GMT',
    };
    expect(graphAnswerOf({ status: 400, headers, body: noBytes }, body)).toEqual({
      status: 400,
      code: 'BadRequest',
      requestId: headers['request-id'],
      clientRequestId: headers['client-request-id'],
      date: headers.date,
    });
    expect(graphAnswerOf({ status: 400, headers: {}, body: noBytes }, body)).toMatchObject({
      requestId: 'from-the-body',
      clientRequestId: 'own',
      date: body.date,
    });
  });

  it.each(['UnknownError', 'No method match route template', 'Request_BadRequest', 'a.b:c-1'])(
    'keeps the code %s',
    (code) => {
      const answer = graphAnswerOf(
        { status: 400, headers: {}, body: noBytes },
        { ...body, codes: [code] },
      );
      expect(answer.code).toBe(code);
    },
  );

  it.each(['', jwt, 'a\nb', `Bearer ${'x'.repeat(100)}`, '{"a":1}', '<html>', 'Zugriff „nein“'])(
    'takes %j for no code, id or date',
    (text) => {
      const headers = { 'request-id': text, 'client-request-id': text, date: text };
      const said = { ...body, codes: [text], requestId: text, clientRequestId: text };
      expect(graphAnswerOf({ status: 400, headers, body: noBytes }, said)).toEqual({
        status: 400,
        code: undefined,
        requestId: undefined,
        clientRequestId: undefined,
        date: undefined,
      });
    },
  );
});
