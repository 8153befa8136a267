import { describe, expect, it } from '@jest/globals';
import {
  decideRefusal,
  type Refusal,
  type RefusalFacts,
} from '../../../src/identity/outbound/authority/decideRefusal.ts';

const claims = '{"access_token":{"capolids":{"essential":true}}}';
const user: Refusal = { kind: 'user', claims: undefined, needsConsent: false };
const misconfigured: Refusal = { kind: 'misconfigured' };
const unavailable: Refusal = { kind: 'unavailable', retryAfterMs: undefined };

describe('decideRefusal', () => {
  it.each<[string, Partial<RefusalFacts>, Refusal]>([
    ['more is asked of the user', { error: 'interaction_required', claims }, { ...user, claims }],
    ['a grant is refused with claims', { error: 'invalid_grant', claims }, { ...user, claims }],
    ['a grant is refused', { error: 'invalid_grant' }, user],
    ['a login is asked for', { error: 'login_required' }, user],
    [
      'consent is missing',
      { error: 'invalid_grant', suberror: 'consent_required' },
      { ...user, needsConsent: true },
    ],
    ['consent is asked for', { error: 'consent_required' }, { ...user, needsConsent: true }],
    ['the secret is wrong', { status: 401, error: 'invalid_client' }, misconfigured],
    ['the app may not do this', { error: 'unauthorized_client' }, misconfigured],
    ['the request is malformed', { error: 'invalid_request' }, misconfigured],
    ['the scope is wrong', { error: 'invalid_scope' }, misconfigured],
    [
      'an application is refused a grant, for which no user can do anything',
      { flow: 'client-credentials', error: 'invalid_grant', claims },
      misconfigured,
    ],
    [
      'a machine has no such identity',
      { flow: 'managed-identity', error: 'invalid_request' },
      misconfigured,
    ],
    [
      'too many, for so long',
      { status: 429, retryAfterMs: 7 },
      { kind: 'throttled', retryAfterMs: 7 },
    ],
    ['too many', { status: 429 }, { kind: 'throttled', retryAfterMs: 1000 }],
    ['it broke', { status: 500, error: 'server_error' }, unavailable],
    ['it is down', { status: 503, retryAfterMs: 9 }, { kind: 'unavailable', retryAfterMs: 9 }],
    ['it is down and says it with 400', { error: 'temporarily_unavailable' }, unavailable],
    ['a proxy answers', { status: 403 }, unavailable],
    ['a proxy asks for a password', { status: 407 }, unavailable],
    ['it sends elsewhere', { status: 302 }, unavailable],
    ['a success that is none', { status: 204, error: 'invalid_client' }, unavailable],
  ])('knows whom it concerns that %s', (_what, facts, refusal) => {
    const none = { retryAfterMs: undefined, error: undefined, suberror: undefined };
    const usual = { flow: 'on-behalf-of', status: 400, claims: undefined, ...none } as const;
    expect(decideRefusal({ ...usual, ...facts })).toEqual(refusal);
  });
});
