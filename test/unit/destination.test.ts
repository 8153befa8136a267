import { describe, expect, it } from '@jest/globals';
import { requireDestination } from '../../src/graph/routes.ts';

function isLetThrough(base: string, url: string): boolean {
  try {
    requireDestination(new URL(url), new URL(base));
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return false;
  }
}

const partners = 'https://graph.example/beta/deviceManagement/complianceManagementPartners';

describe('requireDestination', () => {
  it.each([
    partners,
    'https://graph.example/beta/$batch',
    `${partners}?$skiptoken=a%2Fb`,
    `${partners.replace('graph', 'GRAPH').replace('/beta', ':443/beta')}`,
    `${partners.replace('compliance', 'Compliance')}?$skiptoken=1`,
    `${partners}/0c65e46a-e46a-0c65-6ae4-650c6ae4650c`,
    'https://graph.example/beta/directoryObjects/getByIds?$select=id,displayName',
  ])('lets %s through', (url) => {
    expect(isLetThrough('https://graph.example/beta/', url)).toBe(true);
  });

  it.each([
    ...[
      'https://elsewhere.example/beta/x',
      'https://graph.example.elsewhere.example/beta/x',
      'http://graph.example/beta/x',
      'https://graph.example:8443/beta/x',
      'https://graph.example/v1.0/x',
      'https://graph.example/betaX/x',
      'https://graph.example/beta/../v1.0/x',
      'https://graph.example/beta/%2e%2e/v1.0/x',
      'https://user@graph.example/beta/x',
      'https://user:word@graph.example/beta/x',
      'https://:word@graph.example/beta/x',
      'https://graph.example/beta/x#part',
    ].map((url) => url.replace('/x', '/$batch')),
    'https://graph.example/beta',
    'https://graph.example/beta/users',
    `${partners}X`,
    `${partners}/id/assign`,
    `${partners}/a%2Fb`,
    `${partners}/id?$expand=x`,
    'https://graph.example/beta/directoryObjects/getByIds',
    'https://graph.example/beta/directoryObjects/getByIds?$select=id,displayName,mail',
    'https://graph.example/beta/deviceManagement/assignmentFilters',
  ])('does not let %s through', (url) => {
    expect(isLetThrough('https://graph.example/beta/', url)).toBe(false);
  });

  it('ends the path of the root at a slash, whether it was written or not', () => {
    const base = 'http://127.0.0.1:8080/proxy/beta';
    expect(isLetThrough(base, `${base}/$batch`)).toBe(true);
    expect(isLetThrough(base, `${base}$batch`)).toBe(false);
  });
});
