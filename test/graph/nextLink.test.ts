import { describe, expect, it } from '@jest/globals';
import { resolveNextLink } from '../../src/graph/nextLink.ts';

const collection = new URL(
  'https://graph.microsoft.com/beta/deviceManagement/complianceManagementPartners',
);
const page = new URL('?$skiptoken=1', collection);

describe('resolveNextLink', () => {
  it.each([
    [`${collection.href}?$skiptoken=2`],
    ['?$skiptoken=2'],
    ['/beta/deviceManagement/complianceManagementPartners?$skiptoken=2'],
    ['https://GRAPH.microsoft.com/beta/deviceManagement/complianceManagementPartners?$skiptoken=2'],
    ['https://graph.microsoft.com/beta/devicemanagement/compliancemanagementpartners?$skiptoken=2'],
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
