import { describe, expect, it } from '@jest/globals';
import { readTenantKey } from '../../../src/graph/pipeline/tenantKeys.ts';

const tokenWith = (claims: unknown, signature = 'signature'): string =>
  `header.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
const claims = { tid: 'Tenant-1', azp: 'App-1' };

describe('readTenantKey', () => {
  it('is the same for all tokens of one app in one tenant, in either version and any case', () => {
    const key = readTenantKey(tokenWith({ ...claims, sub: 'one' }));
    expect(key).toMatch(/^[\w-]{43}$/);
    expect(readTenantKey(tokenWith({ tid: 'tenant-1', appid: 'app-1', sub: 'two' }))).toBe(key);
  });

  it.each([
    ['another tenant', { ...claims, tid: 'Tenant-2' }],
    ['another app', { ...claims, azp: 'App-2' }],
    ['the two swapped', { tid: claims.azp, azp: claims.tid }],
  ])('is another one for %s', (_what, other) => {
    expect(readTenantKey(tokenWith(other))).not.toBe(readTenantKey(tokenWith(claims)));
  });

  it.each<[string, string]>([
    ['an opaque token', 'opaque'],
    ['a token that is no JSON', 'header.eyJ.signature'],
    ['a token without a tenant', tokenWith({ azp: 'App-1' })],
    ['a token without an app', tokenWith({ tid: 'Tenant-1' })],
    ['a tenant that is no text', tokenWith({ tid: 1, azp: 'App-1' })],
    ['claims that are a list', tokenWith(['tid', 'azp'])],
    ['nothing', ''],
  ])('is none for %s', (_what, token) => {
    expect(readTenantKey(token)).toBeUndefined();
  });
});
