import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isPartnerId } from '../../src/graph/partnerId.ts';
import { createRoutes } from '../../src/graph/routes.ts';

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
