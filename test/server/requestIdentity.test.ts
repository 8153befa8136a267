import { describe, expect, it } from '@jest/globals';
import { readClientRequestId, readTraceparent } from '../../src/server/requestIdentity.ts';

describe('readClientRequestId', () => {
  it.each(['7e1c7b9e-3a0f-4f6f-8a57-1d5f4a8f2f10', 'a', 'A.b_c-1', 'x'.repeat(64)])(
    'takes %s',
    (id) => {
      expect(readClientRequestId({ 'client-request-id': id })).toBe(id);
    },
  );

  it.each(['', 'x'.repeat(65), 'a b', 'a\r\nset-cookie: x', 'ä', '{"a":1}', undefined])(
    'does not repeat %j',
    (id) => {
      expect(readClientRequestId({ 'client-request-id': id })).toBeUndefined();
    },
  );

  it('does not choose between two', () => {
    expect(readClientRequestId({ 'client-request-id': ['a', 'b'] })).toBeUndefined();
  });
});

describe('readTraceparent', () => {
  const good = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  it('takes a trace context of version 00', () => {
    expect(readTraceparent({ traceparent: good })).toBe(good);
  });

  it.each([
    good.toUpperCase(),
    `${good}-x`,
    good.replace(/^00/, 'ff'),
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
    '',
    undefined,
  ])('does not pass %j on', (traceparent) => {
    expect(readTraceparent({ traceparent })).toBeUndefined();
  });
});
