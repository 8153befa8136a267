import { describe, expect, it } from '@jest/globals';
import { createTenantKeys, readTokenClaims } from '../../src/graph/credentials.ts';
import { createRoutes, requireDestination, resolveNextLink } from '../../src/graph/request.ts';
import { Secret } from '../../src/shared/secret.ts';
import { testCall } from '../support/graphClients.ts';

const path = 'deviceManagement/complianceManagementPartners';
const graph = 'https://graph.microsoft.com/beta';
const collection = `${graph}/${path}`;
const routes = createRoutes(new URL('https://graph.microsoft.com'), 'beta');

describe('createRoutes', () => {
  it.each([
    ['https://graph.microsoft.com', 'beta', collection],
    ['https://proxy.example/graph', 'v1.0', `https://proxy.example/graph/v1.0/${path}`],
    ['https://proxy.example/graph/', 'beta', `https://proxy.example/graph/beta/${path}`],
  ] as const)('puts the collection under %s in %s', (base, version, expected) => {
    expect(createRoutes(new URL(base), version).collection.href).toBe(expected);
  });

  it.each(['..', '.', '...', 'a/../b', '%2e%2e', '', '?', '#', '\\..', 'a\n', '$ref'])(
    'makes no URL of the id %j',
    (id) => {
      for (const make of [routes.partner, routes.partnerInBatch, routes.filterInBatch]) {
        expect(() => make(id)).toThrow(TypeError);
      }
    },
  );

  it('puts a partner under the collection, in a batch too', () => {
    expect(routes.partner('a~b=.-_').href).toBe(`${collection}/a~b=.-_`);
    expect(routes.partnerInBatch('a~b=.-_')).toBe(`/${path}/a~b=.-_`);
  });

  it.each([
    [`${collection}/abc`, 'abc'],
    [`${collection}('abc')`, 'abc'],
    ['/beta/DeviceManagement/complianceManagementPartners/abc', 'abc'],
    ['complianceManagementPartners/abc?x=1', 'abc'],
    [`${collection}/`, undefined],
    [collection, undefined],
    [`${collection}/abc/def`, undefined],
    [`${collection}/..`, undefined],
    [`${collection}Other/abc`, undefined],
    [`https://evil.example/beta/${path}/abc`, undefined],
    ['http://', undefined],
  ])('reads the location %s as %j', (location, id) => {
    expect(routes.parsePartnerLocation(location)).toBe(id);
  });
});

describe('resolveNextLink', () => {
  it.each<[string, boolean]>([
    [`${collection}?$skiptoken=2`, true],
    ['?$skiptoken=2', true],
    [`https://GRAPH.microsoft.com/BETA/${path.toLowerCase()}?$skiptoken=2#part`, true],
    [`https://evil.example/beta/${path}?$skiptoken=2`, false],
    [`http://graph.microsoft.com/beta/${path}`, false],
    [`https://graph.microsoft.com:8443/beta/${path}`, false],
    [`https://user:pw@graph.microsoft.com/beta/${path}`, false],
    [`//evil.example/beta/${path}`, false],
    [`https://graph.microsoft.com/v1.0/${path}`, false],
    [`${collection}/../x`, false],
    ['http://[', false],
  ])('follows %s: %j', (link, isFollowed) => {
    const url = resolveNextLink(link, new URL('?$skiptoken=1', collection), new URL(collection));
    expect(url?.href).toBe(isFollowed ? `${collection}?$skiptoken=2` : undefined);
  });
});

describe('requireDestination', () => {
  const proxied = 'http://127.0.0.1:8080/proxy/beta';

  it.each<[boolean, string, readonly string[]]>([
    [
      true,
      `${graph}/`,
      [
        `${graph}/$batch`,
        `${collection}?$skiptoken=a%2Fb#`,
        `${collection.replace('graph', 'GRAPH').replace('/beta', ':443/beta')}`,
        `${collection.replace('compliance', 'Compliance')}?$skiptoken=1`,
        `${collection}/0c65e46a-e46a-0c65-6ae4-650c6ae4650c`,
        `${graph}/directoryObjects/getByIds?$select=id,displayName`,
      ],
    ],
    [
      false,
      `${graph}/`,
      [
        'https://graph.microsoft.com.elsewhere.example/beta/$batch',
        'http://graph.microsoft.com/beta/$batch',
        'https://graph.microsoft.com:8443/beta/$batch',
        `${graph}X/$batch`,
        `${graph}/%2e%2e/v1.0/$batch`,
        'https://user@graph.microsoft.com/beta/$batch',
        'https://:word@graph.microsoft.com/beta/$batch',
        `${graph}/$batch#part`,
        graph,
        `${collection}X`,
        `${collection}/id/assign`,
        `${collection}/id?$expand=x`,
        `${graph}/directoryObjects/getByIds?$select=id,displayName,mail`,
        `${graph}/deviceManagement/assignmentFilters`,
      ],
    ],
    // The path of the root ends at a slash, whether it was written or not.
    [true, proxied, [`${proxied}/$batch`]],
    [false, proxied, [`${proxied}$batch`]],
  ])('lets through (%j) under %s: %j', (isLetThrough, base, urls) => {
    for (const url of urls) {
      const check = expect(() => requireDestination(new URL(url), new URL(base)));
      (isLetThrough ? check.not : check).toThrow('does not lead to Microsoft Graph');
    }
  });
});

const tokenOf = (claims: unknown): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

describe('readTokenClaims', () => {
  const nothing = { scopes: [], roles: [] };

  it.each<[unknown, object]>([
    [
      { tid: 't', azp: 'a', appid: 'b', oid: 'o', sub: 's', scp: 'One Two', exp: 1_700_000_000 },
      {
        ...{ tenantId: 't', clientId: 'a', subject: 'o', roles: [] },
        ...{ scopes: ['One', 'Two'], expiresAtMs: 1_700_000_000_000 },
      },
    ],
    [
      { appid: 'b', sub: 's', roles: ['Three', 1, null] },
      { clientId: 'b', subject: 's', scopes: [], roles: ['Three'] },
    ],
    [{ tid: 1, azp: {}, oid: '', scp: ['x'], roles: 'x', exp: 'soon' }, nothing],
    [{ exp: 1e300 }, nothing],
  ])('reads what %j says', (claims, expected) => {
    expect(readTokenClaims(tokenOf(claims))).toEqual(expected);
  });

  it.each(['', 'opaque', 'a.b', 'a.b.c', 'a.bnVsbA.c', 'a.W10.c', 'a.b.c.d'])(
    'knows that %j is no token of that kind',
    (token) => {
      expect(readTokenClaims(token)).toBeUndefined();
    },
  );
});

describe('createTenantKeys', () => {
  const keys = createTenantKeys();
  const acceptedKeyOf = (token: string): string => {
    const call = testCall({ callerToken: new Secret(token) });
    keys.accept(call);
    return keys.keyOf(call);
  };
  const claims = { tid: 'Tenant-1', azp: 'App-1' };

  it('gives all accepted tokens of one app in one tenant one key', () => {
    const own = acceptedKeyOf(tokenOf({ ...claims, sub: 'one' }));
    expect(own).toMatch(/^[\w-]{43}$/);
    expect(acceptedKeyOf(tokenOf({ tid: 'tenant-1', appid: 'app-1', sub: 'two' }))).toBe(own);
    for (const other of [
      tokenOf({ ...claims, tid: 'Tenant-2' }),
      tokenOf({ ...claims, azp: 'App-2' }),
      tokenOf({ tid: claims.azp, azp: claims.tid }),
      tokenOf({ azp: 'App-1' }),
      tokenOf({ tid: 'Tenant-1' }),
      'opaque',
    ]) {
      expect([other, acceptedKeyOf(other)]).not.toEqual([other, own]);
    }
    // What names no tenant or no app counts by itself.
    const nameless = ['one', 'two'].map((sub) => acceptedKeyOf(tokenOf({ azp: 'App-1', sub })));
    expect(new Set(nameless).size).toBe(2);
  });
});
