import { describe, expect, it } from '@jest/globals';
import { createTenantKeys, readTokenClaims } from '../../src/graph/credentials.ts';
import { createRoutes, requireDestination, resolveNextLink } from '../../src/graph/request.ts';
import { Secret } from '../../src/shared/secret.ts';
import { testCall } from '../support/graphClients.ts';

const path = 'deviceManagement/complianceManagementPartners';
const graph = 'https://graph.microsoft.com/beta';
const collection = `${graph}/${path}`;
const routes = createRoutes(new URL('https://graph.microsoft.com'), 'beta');
const proxy = 'https://proxy.example/graph';

describe('createRoutes', () => {
  it('puts a partner under the collection, below a root that may have a path, and in a batch', () => {
    const hrefs = [`${proxy}`, `${proxy}/`].map(
      (root) => createRoutes(new URL(root), 'v1.0').collection.href,
    );
    expect(hrefs).toEqual([`${proxy}/v1.0/${path}`, `${proxy}/v1.0/${path}`]);
    expect(routes.partner('a~b=.-_').href).toBe(`${collection}/a~b=.-_`);
    expect(routes.partnerInBatch('a~b=.-_')).toBe(`/${path}/a~b=.-_`);
  });

  it.each(['..', '.', '...', 'a/../b', '%2e%2e', '', '?', '#', '\\..', 'a\n', '$ref'])(
    'makes no URL of the id %j',
    (id) => {
      for (const make of [routes.partner, routes.partnerInBatch, routes.filterInBatch]) {
        expect(() => make(id)).toThrow(TypeError);
      }
    },
  );

  it.each([
    [`${collection}/abc`, 'abc'],
    [`${collection}('abc')`, 'abc'],
    ['/beta/DeviceManagement/complianceManagementPartners/abc', 'abc'],
    ['complianceManagementPartners/abc?x=1', 'abc'],
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

it.each<[string, boolean]>([
  ['?$skiptoken=2', true],
  [`https://GRAPH.microsoft.com/BETA/${path.toLowerCase()}?$skiptoken=2#part`, true],
  [`//evil.example/beta/${path}?$skiptoken=2`, false],
  [`http://graph.microsoft.com/beta/${path}`, false],
  [`https://user@graph.microsoft.com/beta/${path}`, false],
  [`https://:pw@graph.microsoft.com/beta/${path}`, false],
  [`https://graph.microsoft.com/v1.0/${path}`, false],
  [`${collection}/../x`, false],
  ['http://[', false],
])('resolveNextLink follows %s: %j', (link, isFollowed) => {
  const url = resolveNextLink(link, new URL('?$skiptoken=1', collection), new URL(collection));
  expect(url?.href).toBe(isFollowed ? `${collection}?$skiptoken=2` : undefined);
});

it.each<[string, boolean, string?]>([
  [`${graph}/$batch`, true],
  [`${collection}?$skiptoken=a%2Fb#`, true],
  [`${collection.replace('graph', 'GRAPH').replace('/beta', ':443/beta')}`, true],
  [`${collection.replace('compliance', 'Compliance')}?$skiptoken=1`, true],
  [`${collection}/0c65e46a-e46a-0c65-6ae4-650c6ae4650c`, true],
  [`${graph}/directoryObjects/getByIds?$select=id,displayName`, true],
  ['https://graph.microsoft.com.elsewhere.example/beta/$batch', false],
  ['http://graph.microsoft.com/beta/$batch', false],
  [`${graph}X/$batch`, false],
  [`${graph}/%2e%2e/v1.0/$batch`, false],
  ['https://user@graph.microsoft.com/beta/$batch', false],
  ['https://:word@graph.microsoft.com/beta/$batch', false],
  [`${graph}/$batch#part`, false],
  [graph, false],
  [`${collection}X`, false],
  [`${collection}/id/assign`, false],
  [`${collection}/id?$expand=x`, false],
  [`${graph}/directoryObjects/getByIds?$select=id,displayName,mail`, false],
  // The path of the root ends at a slash, whether it was written or not.
  [`${proxy}/$batch`, true, proxy],
  [`${proxy}$batch`, false, proxy],
])('requireDestination lets through %s: %j', (...row) => {
  const [url, isLetThrough, base = `${graph}/`] = row;
  const check = expect(() => requireDestination(new URL(url), new URL(base)));
  (isLetThrough ? check.not : check).toThrow('does not lead to Microsoft Graph');
});

const tokenOf = (claims: unknown): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

describe('a token', () => {
  const nothing = { scopes: [], roles: [] };
  const ids = { tid: 't', azp: 'a', appid: 'b', oid: 'o', sub: 's' };
  const read = { tenantId: 't', clientId: 'a', subject: 'o' };

  it.each<[string, object | undefined]>([
    [
      tokenOf({ ...ids, scp: 'One Two', exp: 1_700_000_000 }),
      { ...read, scopes: ['One', 'Two'], roles: [], expiresAtMs: 1_700_000_000_000 },
    ],
    [
      tokenOf({ appid: 'b', sub: 's', roles: ['Three', 1, null] }),
      { clientId: 'b', subject: 's', scopes: [], roles: ['Three'] },
    ],
    [tokenOf({ tid: 1, azp: {}, oid: '', scp: ['x'], roles: 'x', exp: 'soon' }), nothing],
    [tokenOf({ exp: 1e300 }), nothing],
    ...['', 'a.b', 'a.b.c', 'a.bnVsbA.c', 'a.W10.c', `${tokenOf({})}.d`].map(
      (token): [string, undefined] => [token, undefined],
    ),
  ])('%s is read as %j', (token, expected) => {
    expect(readTokenClaims(token)).toEqual(expected);
  });

  it('has one key with all accepted tokens of its app in its tenant', () => {
    const keys = createTenantKeys();
    const keyOf = (token: string): string => {
      const call = testCall({ callerToken: new Secret(token) });
      keys.accept(call);
      return keys.keyOf(call);
    };
    const own = keyOf(tokenOf({ tid: 'Tenant-1', azp: 'App-1', sub: 'one' }));
    expect(own).toMatch(/^[\w-]{43}$/);
    expect(keyOf(tokenOf({ tid: 'tenant-1', appid: 'app-1', sub: 'two' }))).toBe(own);
    // What names no tenant or no app counts by itself.
    const others = [
      tokenOf({ tid: 'Tenant-2', azp: 'App-1' }),
      tokenOf({ tid: 'Tenant-1', azp: 'App-2' }),
      tokenOf({ tid: 'App-1', azp: 'Tenant-1' }),
      tokenOf({ azp: 'App-1', sub: 'one' }),
      tokenOf({ azp: 'App-1', sub: 'two' }),
      tokenOf({ tid: 'Tenant-1' }),
      'opaque',
    ];
    expect(new Set([own, ...others.map(keyOf)]).size).toBe(8);
  });
});
