import { describe, expect, it } from '@jest/globals';
import { readGrant } from '../../../src/identity/outbound/authority/readGrant.ts';

const nowMs = Date.UTC(2026, 1, 11);
const token = 'header.payload.signature';

describe('readGrant', () => {
  it.each<[string, object, number, number | undefined]>([
    ['numbers', { expires_in: 3600, refresh_in: 1800 }, 3_600_000, 1_800_000],
    ['texts', { expires_in: '3600', refresh_in: '1800' }, 3_600_000, 1_800_000],
    ['no time to renew at', { expires_in: 60, refresh_in: null }, 60_000, undefined],
    ['a time in place of a span', { expires_on: String(nowMs / 1000 + 90) }, 90_000, undefined],
    ['a time that is over', { expires_on: nowMs / 1000 - 1 }, 0, undefined],
    ['both, of which the span counts', { expires_in: 5, expires_on: 1 }, 5_000, undefined],
  ])('reads a grant with %s', (_what, times, expiresInMs, refreshInMs) => {
    const grant = readGrant({ access_token: token, ...times }, nowMs);
    expect(grant).toMatchObject({ expiresInMs, refreshInMs });
    expect(grant?.token.reveal()).toBe(token);
  });

  it.each<[string, unknown]>([
    ['no JSON', undefined],
    ['a list', [token]],
    ['no token', { expires_in: 3600 }],
    ['an empty token', { access_token: '', expires_in: 3600 }],
    ['a token that breaks a header', { access_token: 'a\r\nx: b', expires_in: 3600 }],
    ['a token that is no text', { access_token: { a: 1 }, expires_in: 3600 }],
    ['no end', { access_token: token }],
    ['an end that is no number', { access_token: token, expires_in: 'soon' }],
    ['an end before the beginning', { access_token: token, expires_in: -1 }],
  ])('believes nothing of %s', (_what, json) => {
    expect(readGrant(json, nowMs)).toBeUndefined();
  });
});
