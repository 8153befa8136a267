import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readTokenClaims } from '../../src/graph/credentials.ts';
import { createRoutes, resolveNextLink } from '../../src/graph/routes.ts';
import { readTenantKey } from '../../src/graph/tenantKeys.ts';
import { isPartnerId } from '../../src/graph/types.ts';

const root = new URL('https://graph.microsoft.com');
const routes = createRoutes(root, 'beta');
const collection = 'https://graph.microsoft.com/beta/deviceManagement/complianceManagementPartners';

describe('createRoutes', () => {
  it.each([
    ['https://graph.microsoft.com', 'beta', collection],
    [
      'https://graph.microsoft.us/',
      'v1.0',
      'https://graph.microsoft.us/v1.0/deviceManagement/complianceManagementPartners',
    ],
    [
      'https://proxy.example/graph',
      'beta',
      'https://proxy.example/graph/beta/deviceManagement/complianceManagementPartners',
    ],
    [
      'https://proxy.example/graph/',
      'beta',
      'https://proxy.example/graph/beta/deviceManagement/complianceManagementPartners',
    ],
  ] as const)('puts the collection under %s in %s', (base, version, expected) => {
    expect(createRoutes(new URL(base), version).collection.href).toBe(expected);
  });

  it('puts a partner under the collection', () => {
    const id = '0c65e46a-e46a-0c65-6ae4-650c6ae4650c';
    expect(routes.partner(id).href).toBe(`${collection}/${id}`);
  });

  it.each(['..', '.', '...', 'a/../b', '%2e%2e', '', '?', '#', '\\..', 'a\n', '$ref'])(
    'makes no URL of the id %j',
    (id) => {
      expect(isPartnerId(id)).toBe(false);
      expect(() => routes.partner(id)).toThrow();
      expect(() => routes.filterInBatch(id)).toThrow();
    },
  );

  it('stays under the collection or throws, whatever the id', () => {
    const nasty = fc.array(fc.constantFrom('.', '/', '%2e', '\\', '?', '#', '@', ':', 'a', '-'));
    const ids = fc.oneof(
      fc.string({ unit: 'binary' }),
      nasty.map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(ids, (id) => {
        let href: string;
        try {
          href = routes.partner(id).href;
        } catch {
          return;
        }
        expect(href).toBe(`${collection}/${id}`);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    [`${collection}/abc`, 'abc'],
    [`${collection}('abc')`, 'abc'],
    ['/beta/DeviceManagement/complianceManagementPartners/abc', 'abc'],
    ['complianceManagementPartners/abc', 'abc'],
    [`${collection}/abc?x=1`, 'abc'],
    [`${collection}/`, undefined],
    [collection, undefined],
    [`${collection}/abc/def`, undefined],
    [`${collection}/..`, undefined],
    [`${collection}Other/abc`, undefined],
    ['https://evil.example/beta/deviceManagement/complianceManagementPartners/abc', undefined],
    ['http://', undefined],
  ])('reads the location %s as %j', (location, id) => {
    expect(routes.parsePartnerLocation(location)).toBe(id);
  });
});

describe('next link', () => {
  const collection = new URL(
    'https://graph.microsoft.com/beta/deviceManagement/complianceManagementPartners',
  );
  const page = new URL('?$skiptoken=1', collection);

  describe('resolveNextLink', () => {
    it.each([
      [`${collection.href}?$skiptoken=2`],
      ['?$skiptoken=2'],
      ['/beta/deviceManagement/complianceManagementPartners?$skiptoken=2'],
      [
        'https://GRAPH.microsoft.com/beta/deviceManagement/complianceManagementPartners?$skiptoken=2',
      ],
      [
        'https://graph.microsoft.com/beta/devicemanagement/compliancemanagementpartners?$skiptoken=2',
      ],
    ])('follows %s', (link) => {
      const url = resolveNextLink(link, page, collection);
      expect(url?.origin).toBe(collection.origin);
      expect(url?.search).toBe('?$skiptoken=2');
    });

    it.each([
      'https://evil.example/beta/deviceManagement/complianceManagementPartners?$skiptoken=2',
      'http://graph.microsoft.com/beta/deviceManagement/complianceManagementPartners',
      'https://graph.microsoft.com:8443/beta/deviceManagement/complianceManagementPartners',
      'https://graph.microsoft.com@evil.example/beta/deviceManagement/complianceManagementPartners',
      'https://user:pw@graph.microsoft.com/beta/deviceManagement/complianceManagementPartners',
      '//evil.example/beta/deviceManagement/complianceManagementPartners',
      'https://graph.microsoft.com/v1.0/deviceManagement/complianceManagementPartners',
      'https://graph.microsoft.com/beta/users',
      '../users',
      'https://graph.microsoft.com/beta/deviceManagement/complianceManagementPartners/../x',
      'file:///etc/passwd',
      'http://[',
    ])('does not follow %s', (link) => {
      expect(resolveNextLink(link, page, collection)).toBeUndefined();
    });
  });
});

const tokenOf = (claims: unknown): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

const nothing = {
  tenantId: undefined,
  clientId: undefined,
  scopes: [],
  roles: [],
  expiresAtMs: undefined,
};

describe('readTokenClaims', () => {
  it('reads tenant, application, permissions and end, in the forms of both versions', () => {
    const claims = { tid: 't', azp: 'a', scp: 'One Two', roles: ['Three'], exp: 1_700_000_000 };
    expect(readTokenClaims(tokenOf(claims))).toEqual({
      tenantId: 't',
      clientId: 'a',
      scopes: ['One', 'Two'],
      roles: ['Three'],
      expiresAtMs: 1_700_000_000_000,
    });
    expect(readTokenClaims(tokenOf({ appid: 'b' }))?.clientId).toBe('b');
  });

  it.each([
    [{ tid: 1, azp: {}, scp: ['x'], roles: 'x', exp: 'soon' }],
    [{ roles: [1, null], exp: 1e300 }],
    [{}],
  ])('takes nothing from %j', (claims) => {
    expect(readTokenClaims(tokenOf(claims))).toEqual(nothing);
  });

  it.each(['', 'opaque', 'a.b', 'a.b.c', 'a.bnVsbA.c', 'a.W10.c', 'a.b.c.d'])(
    'knows that %j is no token of that kind',
    (token) => {
      expect(readTokenClaims(token)).toBeUndefined();
    },
  );
});

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
