import { describe, expect, it } from '@jest/globals';
import { requireDestination } from '../../src/graph/send.ts';

function isLetThrough(base: string, url: string): boolean {
  try {
    requireDestination(new URL(url), new URL(base));
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return false;
  }
}

describe('requireDestination', () => {
  it.each([
    'https://graph.example/beta/deviceManagement/complianceManagementPartners',
    'https://graph.example/beta/$batch',
    'https://graph.example/beta/x?$skiptoken=a%2Fb',
    'https://GRAPH.example:443/beta/x',
  ])('lets %s through', (url) => {
    expect(isLetThrough('https://graph.example/beta/', url)).toBe(true);
  });

  it.each([
    'https://elsewhere.example/beta/x',
    'https://graph.example.elsewhere.example/beta/x',
    'http://graph.example/beta/x',
    'https://graph.example:8443/beta/x',
    'https://graph.example/v1.0/x',
    'https://graph.example/betaX/x',
    'https://graph.example/beta',
    'https://graph.example/beta/../v1.0/x',
    'https://graph.example/beta/%2e%2e/v1.0/x',
    'https://user@graph.example/beta/x',
    'https://user:word@graph.example/beta/x',
    'https://:word@graph.example/beta/x',
    'https://graph.example/beta/x#part',
  ])('does not let %s through', (url) => {
    expect(isLetThrough('https://graph.example/beta/', url)).toBe(false);
  });

  it('ends the path of the root at a slash, whether it was written or not', () => {
    const base = 'http://127.0.0.1:8080/proxy/beta';
    expect(isLetThrough(base, `${base}/x`)).toBe(true);
    expect(isLetThrough(base, `${base}X`)).toBe(false);
  });
});
