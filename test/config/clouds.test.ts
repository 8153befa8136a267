import { describe, expect, it } from '@jest/globals';
import { cloudNames, cloudOf, graphRootOf } from '../../src/config/clouds.ts';

describe('cloudOf', () => {
  it.each([
    ['global', 'graph.microsoft.com', 'login.microsoftonline.com'],
    ['usgov-l4', 'graph.microsoft.us', 'login.microsoftonline.us'],
    ['usgov-l5', 'dod-graph.microsoft.us', 'login.microsoftonline.us'],
    ['china', 'microsoftgraph.chinacloudapi.cn', 'login.chinacloudapi.cn'],
  ] as const)('holds root, authority and scope of %s together', (name, graph, authority) => {
    expect(cloudOf(name)).toEqual({
      graphRoot: `https://${graph}`,
      authorityHost: `https://${authority}`,
      scope: `https://${graph}/.default`,
    });
    expect(graphRootOf(name)).toEqual(new URL(`https://${graph}/`));
  });

  it('knows no other cloud', () => {
    expect(cloudNames).toEqual(['global', 'usgov-l4', 'usgov-l5', 'china']);
  });
});
