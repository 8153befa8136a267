import { describe, expect, it } from '@jest/globals';
import { createTenantKeys, readTenantKey } from '../../../src/graph/pipeline/tenantKeys.ts';
import { Secret } from '../../../src/secret.ts';
import { testCall } from '../../support/graphClients.ts';

const tokenWith = (claims: unknown, signature = 'signature'): string =>
  `header.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
const callWith = (token: string) => testCall({ callerToken: new Secret(token) });
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

describe('createTenantKeys', () => {
  it('counts a token by itself until Graph has accepted it', () => {
    const keys = createTenantKeys();
    const [one, two] = [callWith(tokenWith(claims, 'one')), callWith(tokenWith(claims, 'two'))];
    const alone = keys.keyOf(one);
    expect(keys.keyOf(two)).not.toBe(alone);
    keys.accept(one);
    expect(keys.keyOf(one)).toBe(readTenantKey(tokenWith(claims)));
    // The forged one names the same tenant and is still by itself.
    expect(keys.keyOf(two)).not.toBe(keys.keyOf(one));
    keys.accept(two);
    expect(keys.keyOf(two)).toBe(keys.keyOf(one));
  });

  it('counts a token by itself again that Graph does not take any more', () => {
    const keys = createTenantKeys();
    const call = callWith(tokenWith(claims));
    const alone = keys.keyOf(call);
    keys.accept(call);
    keys.reject(call);
    expect(keys.keyOf(call)).toBe(alone);
  });

  it('goes on counting by itself what names no tenant', () => {
    const keys = createTenantKeys();
    const before = keys.keyOf(callWith('opaque'));
    keys.accept(callWith('opaque'));
    expect(keys.keyOf(callWith('opaque'))).toBe(before);
    expect(keys.keyOf(callWith('other'))).not.toBe(before);
    expect(keys.keyOf(testCall({ callerToken: undefined }))).not.toBe(before);
  });

  it('shows nothing of the token', () => {
    const keys = createTenantKeys();
    const call = callWith(tokenWith(claims));
    const before = keys.keyOf(call);
    keys.accept(call);
    for (const key of [before, keys.keyOf(call)]) {
      expect(key).toMatch(/^[\w-]{43}$/);
    }
  });
});
