import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readTokenClaims, tenantKeyOf } from '../../src/graph/credentials.ts';
import {
  createRoutes,
  isPartnerId,
  requireDestination,
  resolveNextLink,
} from '../../src/graph/request.ts';

const path = 'deviceManagement/complianceManagementPartners';
const collection = `https://graph.microsoft.com/beta/${path}`;
const routes = createRoutes(new URL('https://graph.microsoft.com'), 'beta');

describe('createRoutes', () => {
  it.each([
    ['https://graph.microsoft.com', 'beta', collection],
    ['https://graph.microsoft.us/', 'v1.0', `https://graph.microsoft.us/v1.0/${path}`],
    ['https://proxy.example/graph', 'beta', `https://proxy.example/graph/beta/${path}`],
    ['https://proxy.example/graph/', 'beta', `https://proxy.example/graph/beta/${path}`],
  ] as const)('puts the collection under %s in %s', (base, version, expected) => {
    expect(createRoutes(new URL(base), version).collection.href).toBe(expected);
  });

  it('puts a partner under the collection', () => {
    const id = '0c65e46a-e46a-0c65-6ae4-650c6ae4650c';
    expect(routes.partner(id).href).toBe(`${collection}/${id}`);
    expect(routes.partnerInBatch(id)).toBe(`/${path}/${id}`);
  });

  it.each(['..', '.', '...', 'a/../b', '%2e%2e', '', '?', '#', '\\..', 'a\n', '$ref'])(
    'makes no URL of the id %j',
    (id) => {
      expect(isPartnerId(id)).toBe(false);
      for (const make of [routes.partner, routes.partnerInBatch, routes.filterInBatch]) {
        expect(() => make(id)).toThrow(TypeError);
      }
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
    [`https://evil.example/beta/${path}/abc`, undefined],
    ['http://', undefined],
  ])('reads the location %s as %j', (location, id) => {
    expect(routes.parsePartnerLocation(location)).toBe(id);
  });
});

describe('resolveNextLink', () => {
  const resolve = (link: string) =>
    resolveNextLink(link, new URL('?$skiptoken=1', collection), new URL(collection));

  it.each([
    `${collection}?$skiptoken=2`,
    '?$skiptoken=2',
    `/beta/${path}?$skiptoken=2`,
    `https://GRAPH.microsoft.com/beta/${path}?$skiptoken=2`,
    `https://graph.microsoft.com/beta/${path.toLowerCase()}?$skiptoken=2`,
  ])('follows %s', (link) => {
    const { origin, search } = resolve(link) ?? {};
    expect([origin, search]).toEqual(['https://graph.microsoft.com', '?$skiptoken=2']);
  });

  it.each([
    `https://evil.example/beta/${path}?$skiptoken=2`,
    `http://graph.microsoft.com/beta/${path}`,
    `https://graph.microsoft.com:8443/beta/${path}`,
    `https://graph.microsoft.com@evil.example/beta/${path}`,
    `https://user:pw@graph.microsoft.com/beta/${path}`,
    `//evil.example/beta/${path}`,
    `https://graph.microsoft.com/v1.0/${path}`,
    'https://graph.microsoft.com/beta/users',
    '../users',
    `${collection}/../x`,
    'file:///etc/passwd',
    'http://[',
  ])('does not follow %s', (link) => {
    expect(resolve(link)).toBeUndefined();
  });
});

describe('requireDestination', () => {
  const proxied = 'http://127.0.0.1:8080/proxy/beta';

  const graph = 'https://graph.example/beta/';
  const partners = `${graph}deviceManagement/complianceManagementPartners`;

  it.each<[string, string, boolean]>([
    ...[
      partners,
      `${graph}$batch`,
      `${partners}?$skiptoken=a%2Fb`,
      `${partners}?$skiptoken=1#`,
      `${partners.replace('graph', 'GRAPH').replace('/beta', ':443/beta')}`,
      `${partners.replace('compliance', 'Compliance')}?$skiptoken=1`,
      `${partners}/0c65e46a-e46a-0c65-6ae4-650c6ae4650c`,
      `${graph}directoryObjects/getByIds?$select=id,displayName`,
    ].map((url): [string, string, boolean] => [graph, url, true]),
    ...[
      'https://elsewhere.example/beta/$batch',
      'https://graph.example.elsewhere.example/beta/$batch',
      'http://graph.example/beta/$batch',
      'https://graph.example:8443/beta/$batch',
      'https://graph.example/v1.0/$batch',
      'https://graph.example/betaX/$batch',
      'https://graph.example/beta/../v1.0/$batch',
      'https://graph.example/beta/%2e%2e/v1.0/$batch',
      'https://user@graph.example/beta/$batch',
      'https://user:word@graph.example/beta/$batch',
      'https://:word@graph.example/beta/$batch',
      'https://graph.example/beta/$batch#part',
      'https://graph.example/beta',
      `${graph}users`,
      `${partners}X`,
      `${partners}/id/assign`,
      `${partners}/a%2Fb`,
      `${partners}/id?$expand=x`,
      `${graph}directoryObjects/getByIds`,
      `${graph}directoryObjects/getByIds?$select=id,displayName,mail`,
      `${graph}deviceManagement/assignmentFilters`,
    ].map((url): [string, string, boolean] => [graph, url, false]),
    // The path of the root ends at a slash, whether it was written or not.
    [proxied, `${proxied}/$batch`, true],
    [proxied, `${proxied}$batch`, false],
  ])('under %s lets %s through: %j', (base, url, isLetThrough) => {
    const check = () => requireDestination(new URL(url), new URL(base));
    if (isLetThrough) {
      check();
    } else {
      expect(check).toThrow(TypeError);
    }
  });
});

const tokenOf = (claims: unknown, signature = 'c2ln'): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;

describe('readTokenClaims', () => {
  const nothing = {
    tenantId: undefined,
    clientId: undefined,
    scopes: [],
    roles: [],
    expiresAtMs: undefined,
  };

  it.each<[unknown, object]>([
    [
      { tid: 't', azp: 'a', scp: 'One Two', roles: ['Three'], exp: 1_700_000_000 },
      {
        tenantId: 't',
        clientId: 'a',
        scopes: ['One', 'Two'],
        roles: ['Three'],
        expiresAtMs: 1_700_000_000_000,
      },
    ],
    [{ appid: 'b' }, { clientId: 'b' }],
    [{ tid: 1, azp: {}, scp: ['x'], roles: 'x', exp: 'soon' }, {}],
    [{ roles: [1, null], exp: 1e300 }, {}],
    [{}, {}],
  ])('reads tenant, application, permissions and end in %j', (claims, expected) => {
    expect(readTokenClaims(tokenOf(claims))).toEqual({ ...nothing, ...expected });
  });

  it.each(['', 'opaque', 'a.b', 'a.b.c', 'a.bnVsbA.c', 'a.W10.c', 'a.b.c.d'])(
    'knows that %j is no token of that kind',
    (token) => {
      expect(readTokenClaims(token)).toBeUndefined();
    },
  );
});

describe('tenantKeyOf', () => {
  const claims = { tid: 'Tenant-1', azp: 'App-1' };
  const keyOf = (token: string) => tenantKeyOf(readTokenClaims(token));
  const key = keyOf(tokenOf({ ...claims, sub: 'one' }));

  it('is the same for all tokens of one app in one tenant, in either version and any case', () => {
    expect(key).toMatch(/^[\w-]{43}$/);
    expect(keyOf(tokenOf({ tid: 'tenant-1', appid: 'app-1', sub: 'two' }, 'other'))).toBe(key);
  });

  it.each([
    { ...claims, tid: 'Tenant-2' },
    { ...claims, azp: 'App-2' },
    { tid: claims.azp, azp: claims.tid },
  ])('is another one for %j', (other) => {
    expect(keyOf(tokenOf(other))).not.toBe(key);
  });

  it.each([
    '',
    'opaque',
    'header.eyJ.signature',
    tokenOf({ azp: 'App-1' }),
    tokenOf({ tid: 'Tenant-1' }),
    tokenOf({ tid: 1, azp: 'App-1' }),
    tokenOf(['tid', 'azp']),
  ])('is none for %j', (token) => {
    expect(keyOf(token)).toBeUndefined();
  });
});
