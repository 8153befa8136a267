import { describe, expect, it } from '@jest/globals';
import {
  type GraphErrorCode,
  GraphNetworkError,
  GraphResponseError,
} from '../../src/graph/errors.ts';
import { GatewayError } from '../../src/resolvers/gatewayError.ts';
import { toGatewayError } from '../../src/resolvers/toGatewayError.ts';

const answer = {
  status: 429,
  code: 'TooManyRequests',
  requestId: 'r',
  clientRequestId: 'c',
  date: 'Tue, 24 Nov 2026 08:00:00 GMT',
};

describe('toGatewayError', () => {
  it.each<[GraphErrorCode, string]>([
    ['unauthenticated', 'UNAUTHENTICATED'],
    ['forbidden', 'FORBIDDEN'],
    ['tenantNotLicensed', 'TENANT_NOT_LICENSED'],
    ['throttled', 'THROTTLED'],
    ['timeout', 'UPSTREAM_TIMEOUT'],
    ['callerLeft', 'UPSTREAM_TIMEOUT'],
    ['unavailable', 'UPSTREAM_UNAVAILABLE'],
    ['invalidRequest', 'BAD_USER_INPUT'],
    ['notFound', 'UPSTREAM_BAD_RESPONSE'],
    ['conflict', 'UPSTREAM_BAD_RESPONSE'],
    ['badResponse', 'UPSTREAM_BAD_RESPONSE'],
  ])('translates %s into %s, with its cause', (code, translated) => {
    const cause = new GraphResponseError(code, 'As it is.', {});
    const error = toGatewayError(cause);
    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({ message: 'As it is.', cause });
    expect((error as GatewayError).extensions).toEqual({ code: translated });
  });

  it('translates every doubt about a write into OUTCOME_UNKNOWN, whatever the fault was', () => {
    const error = toGatewayError(
      new GraphNetworkError('unavailable', 'It broke.', { mayHaveBeenApplied: true }),
    );
    expect(error).toMatchObject({
      message: 'It broke. The change may have been made: look before you repeat it.',
      extensions: { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true },
    });
  });

  it('rounds the wait up to whole seconds and tells what Graph answered', () => {
    const error = toGatewayError(
      new GraphResponseError('throttled', 'Slow down.', { retryAfterMs: 2001, answer }),
    );
    expect((error as GatewayError).extensions).toEqual({
      code: 'THROTTLED',
      retryAfterSeconds: 3,
      graph: answer,
    });
  });

  it('writes null for what Graph did not say', () => {
    const error = toGatewayError(
      new GraphResponseError('unavailable', '', { answer: { status: 503 } }),
    );
    expect((error as GatewayError).extensions['graph']).toEqual({
      status: 503,
      code: null,
      requestId: null,
      clientRequestId: null,
      date: null,
    });
  });

  it('passes claims and scopes on', () => {
    const details = { claims: '{"a":1}', requiredScopes: ['One', 'Two'] };
    const error = toGatewayError(new GraphResponseError('forbidden', '', details));
    expect((error as GatewayError).extensions).toEqual({ code: 'FORBIDDEN', ...details });
  });

  it.each([[new TypeError('a bug')], ['a text'], [undefined]])(
    'gives %p back as it came, to be masked',
    (error) => {
      expect(toGatewayError(error)).toBe(error);
    },
  );
});
