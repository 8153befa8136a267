import type { ProxySettings } from '../shared/proxy.ts';
import type { Readers } from './readers.ts';
import { cloudNames, read } from './variables.ts';

/** The national clouds by their names in the configuration. */
export type CloudName = (typeof cloudNames)[number];

/** What belongs to one cloud. An app is registered in one of them, and its tokens are good for no other. */
interface Cloud {
  /** Graph's root, without a slash at the end. */
  readonly graphRoot: string;
  /** Where tokens come from, without a slash at the end. */
  readonly authorityHost: string;
  /** All that the app was granted for Graph, as the scope of a token request. */
  readonly scope: string;
}

// A scope that names a domain must name the one of its own cloud.
const cloud = (graphRoot: string, authorityHost: string): Cloud => ({
  graphRoot,
  authorityHost,
  scope: `${graphRoot}/.default`,
});

// Microsoft's list of national deployments. Both clouds of the US government have one authority.
const clouds: Readonly<Record<CloudName, Cloud>> = {
  global: cloud('https://graph.microsoft.com', 'https://login.microsoftonline.com'),
  'usgov-l4': cloud('https://graph.microsoft.us', 'https://login.microsoftonline.us'),
  'usgov-l5': cloud('https://dod-graph.microsoft.us', 'https://login.microsoftonline.us'),
  china: cloud('https://microsoftgraph.chinacloudapi.cn', 'https://login.chinacloudapi.cn'),
};

/** Everything of a cloud at once, so that no two parts of it can come from different ones. */
export function cloudOf(name: CloudName): Cloud {
  return clouds[name];
}

/** The cloud whose Graph has this root, without a slash at the end. */
export function cloudAt(graphRoot: string): CloudName | undefined {
  return cloudNames.find((name) => clouds[name].graphRoot === graphRoot);
}

/** The forward proxies; lower case wins, as for curl and Node.js. */
export function readProxies(readers: Readers): ProxySettings {
  const proxyOf = (name: 'HTTPS_PROXY' | 'HTTP_PROXY') => {
    const lower = name.toLowerCase();
    const isLower = readers.text(lower) !== undefined;
    return read(readers, name, undefined, isLower ? lower : name);
  };
  return {
    https: proxyOf('HTTPS_PROXY'),
    http: proxyOf('HTTP_PROXY'),
    exceptions: readers.text('no_proxy') ?? read(readers, 'NO_PROXY') ?? '',
  };
}
