import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { GraphCredentialError } from '../../../src/graph/errors.ts';
import { refusalErrorOf } from '../../../src/identity/outbound/authority/refusalError.ts';
import { OutboundIdentityError, tokenFactsOf } from '../../../src/identity/outbound/tokenFacts.ts';
import type { TokenFlow } from '../../../src/identity/outbound/tokenOrder.ts';

const nowMs = Date.UTC(2026, 1, 11, 8, 30, 5);
const claims = '{"access_token":{"xms_cc":{"values":["x"]}}}';

function errorOf(json: unknown, status = 400, flow: TokenFlow = 'on-behalf-of'): Error {
  const headers = { 'retry-after': ['2.128', '9'] };
  return refusalErrorOf(flow, { status, headers, json }, nowMs);
}

describe('refusalErrorOf', () => {
  it('hands the claims to the caller', () => {
    const error = errorOf({ error: 'interaction_required', claims, error_codes: [50079] });
    expect(error).toBeInstanceOf(GraphCredentialError);
    expect(error).toMatchObject({ code: 'unauthenticated', details: { claims } });
    expect(tokenFactsOf(error)).toEqual({
      status: 400,
      code: 'interaction_required',
      codes: ['AADSTS50079'],
    });
  });

  it.each<[string, unknown]>([
    ['no JSON', 'capolids'],
    ['no object', '[1]'],
    ['no text', { access_token: {} }],
    ['longer than any claims are', JSON.stringify({ access_token: 'x'.repeat(9000) })],
  ])('hands nothing on that is %s', (_what, text) => {
    const error = errorOf({ error: 'interaction_required', claims: text });
    expect(error).toMatchObject({ code: 'unauthenticated', details: { claims: undefined } });
  });

  it('says how long to wait', () => {
    const error = errorOf({ error: 'temporarily_unavailable' }, 429);
    expect(error).toMatchObject({ code: 'throttled', details: { retryAfterMs: 2128 } });
  });

  it('lets an endpoint that is down be tried again with the whole attempt, since Graph saw nothing', () => {
    const error = errorOf('<html>', 503);
    expect(error).toMatchObject({ code: 'unavailable', details: { fault: 'not-connected' } });
  });

  it.each<[TokenFlow, number, RegExp]>([
    ['client-credentials', 7000215, /secret is wrong/],
    ['client-credentials', 7000222, /secret has expired/],
    ['on-behalf-of', 700016, /not registered in this tenant/],
    ['on-behalf-of', 1, /refuses the registration or the credential/],
    ['managed-identity', 7000215, /no managed identity/],
  ])('tells the operator of %s with AADSTS%d what to mend', (flow, code, sentence) => {
    const error = errorOf({ error: 'invalid_client', error_codes: [code] }, 401, flow);
    expect(error).toBeInstanceOf(OutboundIdentityError);
    expect(error.message).toMatch(sentence);
  });

  it('repeats nothing of the answer but its codes', () => {
    const canary = 'canary-eyJhbGciOiJSUzI1NiJ9';
    const bodies = ['invalid_client', 'invalid_grant', canary].map((word) => ({
      error: word,
      suberror: canary,
      error_description: canary,
      error_codes: [canary, 1, 2.5, { canary }],
      trace_id: canary,
      access_token: canary,
    }));
    for (const error of bodies.map((body) => errorOf(body))) {
      const shown = inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error);
      expect(shown).not.toContain('canary');
      expect(tokenFactsOf(error).codes).toEqual(['AADSTS1']);
    }
  });
});
