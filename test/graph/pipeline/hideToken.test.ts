import { describe, expect, it } from '@jest/globals';
import { hideToken } from '../../../src/graph/pipeline/hideToken.ts';
import type { GraphRequest, GraphResponse } from '../../../src/graph/pipeline/pipeline.ts';
import { testCall } from '../../support/graphClients.ts';

const token = 'opaque+token/of~a=';

function ask(response: GraphResponse, headers: GraphRequest['headers']): Promise<GraphResponse> {
  const url = new URL('http://graph/');
  return hideToken({ operation: 'get', url, headers, call: testCall() }, async () => response);
}

const signed = { authorization: `Bearer ${token}` };

describe('hideToken', () => {
  it('takes the token out of a refusal that repeats it: body, JSON and headers', async () => {
    const json = { error: { code: token, message: `Bearer ${token} has expired: ${token}` } };
    const { body, ...rest } = await ask(
      {
        status: 401,
        headers: { 'www-authenticate': [`Bearer error="${token}"`, 'Basic'], 'request-id': token },
        body: Buffer.from(JSON.stringify(json)),
        json,
      },
      signed,
    );
    expect(`${body.toString()}${JSON.stringify(rest)}`).not.toContain(token);
    expect(rest).toEqual({
      status: 401,
      headers: {
        'www-authenticate': ['Bearer error="[redacted]"', 'Basic'],
        'request-id': '[redacted]',
      },
      json: {
        error: { code: '[redacted]', message: 'Bearer [redacted] has expired: [redacted]' },
      },
    });
  });

  it('takes it out of a refusal that is no JSON', async () => {
    const body = Buffer.from(`<html>${token}</html>`);
    const hidden = await ask({ status: 502, headers: {}, body }, signed);
    expect(hidden.body.toString()).toBe('<html>[redacted]</html>');
    expect(hidden).not.toHaveProperty('json');
  });

  it.each<[string, number, GraphRequest['headers']]>([
    ['a success, which is the data that was asked for', 200, signed],
    ['a refusal of what was sent without a token', 401, {}],
  ])('leaves %s as it is', async (_what, status, headers) => {
    const body = Buffer.from(`{"displayName":"${token}"}`);
    const response = { status, headers: { 'request-id': token }, body };
    expect(await ask(response, headers)).toBe(response);
  });

  it('leaves a refusal as it is that does not repeat the token', async () => {
    const response = { status: 404, headers: { 'request-id': 'a' }, body: Buffer.from('{}') };
    expect(await ask(response, signed)).toEqual(response);
  });
});
