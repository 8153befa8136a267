/** The national clouds by their names in the configuration. */
export type CloudName = 'global' | 'usgov-l4' | 'usgov-l5' | 'china';

/** What belongs to one cloud. An app is registered in one of them, and its tokens are good for no other. */
interface Cloud {
  /** Graph's root, without a slash at the end. */
  readonly graphRoot: string;
  /** Where tokens come from, without a slash at the end. */
  readonly authorityHost: string;
  /** All that the app was granted for Graph, as the scope of a token request. */
  readonly scope: string;
}

// Microsoft's list of national deployments. Both clouds of the US government have one authority.
const clouds: Readonly<Record<CloudName, Cloud>> = {
  global: cloud('https://graph.microsoft.com', 'https://login.microsoftonline.com'),
  'usgov-l4': cloud('https://graph.microsoft.us', 'https://login.microsoftonline.us'),
  'usgov-l5': cloud('https://dod-graph.microsoft.us', 'https://login.microsoftonline.us'),
  china: cloud('https://microsoftgraph.chinacloudapi.cn', 'https://login.chinacloudapi.cn'),
};

export const cloudNames = Object.keys(clouds) as readonly CloudName[];

/** Everything of a cloud at once, so that no two parts of it can come from different ones. */
export function cloudOf(name: CloudName): Cloud {
  return clouds[name];
}

/** Graph's root in a cloud. */
export function graphRootOf(name: CloudName): URL {
  return new URL(clouds[name].graphRoot);
}

// A scope that names a domain must name the one of its own cloud.
function cloud(graphRoot: string, authorityHost: string): Cloud {
  return { graphRoot, authorityHost, scope: `${graphRoot}/.default` };
}
