import { describe, expect, it } from '@jest/globals';
import { createDestination } from '../../../src/graph/pipeline/destination.ts';
import { testCall } from '../../support/graphClients.ts';

async function isLetThrough(base: string, url: string): Promise<boolean> {
  const request = { operation: 'get', url: new URL(url), headers: {}, call: testCall() } as const;
  let wasSent = false;
  const error = await createDestination(new URL(base))(request, async () => {
    wasSent = true;
    return { status: 200, headers: {}, body: Buffer.alloc(0) };
  }).catch((reason: unknown) => reason);
  expect(error instanceof TypeError).toBe(!wasSent);
  return wasSent;
}

describe('createDestination', () => {
  it.each([
    'https://graph.example/beta/deviceManagement/complianceManagementPartners',
    'https://graph.example/beta/$batch',
    'https://graph.example/beta/x?$skiptoken=a%2Fb',
    'https://GRAPH.example:443/beta/x',
  ])('lets %s through', async (url) => {
    await expect(isLetThrough('https://graph.example/beta/', url)).resolves.toBe(true);
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
  ])('does not let %s through', async (url) => {
    await expect(isLetThrough('https://graph.example/beta/', url)).resolves.toBe(false);
  });

  it('ends the path of the root at a slash, whether it was written or not', async () => {
    const base = 'http://127.0.0.1:8080/proxy/beta';
    await expect(isLetThrough(base, `${base}/x`)).resolves.toBe(true);
    await expect(isLetThrough(base, `${base}X`)).resolves.toBe(false);
  });
});
