/** The national clouds by their names in the configuration. */
export type CloudName = 'global' | 'usgov-l4' | 'usgov-l5' | 'china';

const roots: Readonly<Record<CloudName, string>> = {
  global: 'https://graph.microsoft.com',
  'usgov-l4': 'https://graph.microsoft.us',
  'usgov-l5': 'https://dod-graph.microsoft.us',
  china: 'https://microsoftgraph.chinacloudapi.cn',
};

export const cloudNames = Object.keys(roots) as readonly CloudName[];

/** Graph's root in a cloud, from Microsoft's list of national deployments. */
export function graphRootOf(cloud: CloudName): URL {
  return new URL(roots[cloud]);
}
