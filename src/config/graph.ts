import type { ProxySettings } from '../shared/proxy.ts';
import type { Readers } from './readers.ts';
import {
  cloudNames,
  largestBudget,
  read,
  readAll,
  type Settings,
  smallestRequestShare,
} from './variables.ts';

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

const emulatorSettings = {
  port: 'EMULATOR_PORT',
  betaGeneration: 'EMULATOR_BETA_GENERATION',
  oddities: 'EMULATOR_ODDITIES',
  hasTls: 'EMULATOR_TLS',
  hasControl: 'EMULATOR_CONTROL',
} as const;

/** Where answers come from. */
export type Upstream =
  | ({ readonly kind: 'emulator' } & Settings<typeof emulatorSettings>)
  | { readonly kind: 'graph'; readonly root: URL };

/** Reads which Graph answers, and whose tokens and scopes count. */
export function readUpstream(
  readers: Readers,
  isProduction: boolean,
): { readonly upstream: Upstream; readonly cloud: CloudName } {
  const named = read(readers, 'GRAPH_CLOUD');
  const root = read(readers, 'GRAPH_BASE_URL');
  const emulator = { kind: 'emulator' as const, ...readAll(readers, emulatorSettings) };
  const isRootNamed = readers.text('GRAPH_BASE_URL') !== undefined;
  const cloud = named === undefined || named === 'emulator' ? undefined : named;
  if (emulator.hasControl && isProduction) {
    readers.report('EMULATOR_CONTROL must be false with NODE_ENV=production.');
  }
  if (named === 'emulator' && isRootNamed) {
    readers.report(
      'GRAPH_CLOUD is emulator, so GRAPH_BASE_URL must be absent: name one of the two.',
    );
  }
  if (isProduction && !isRootNamed) {
    readers.need(
      'GRAPH_CLOUD',
      `with NODE_ENV=production it must be one of ${cloudNames.join(', ')}, or emulator to use the embedded Graph on purpose`,
    );
  }
  const graphRoot = root ?? (cloud && new URL(clouds[cloud].graphRoot));
  return {
    upstream: graphRoot === undefined ? emulator : { kind: 'graph', root: graphRoot },
    cloud: cloud ?? 'global',
  };
}

/** How much is sent to Graph, for each app and tenant within 20 s; the embedded Graph has no limits. */
export function readGraphBudget(readers: Readers, upstream: Upstream['kind']) {
  const redisUrl = read(readers, 'REDIS_URL');
  const largest = upstream === 'emulator' ? largestBudget : undefined;
  const budget = {
    writes: read(readers, 'GRAPH_WRITE_BUDGET', largest),
    requests: read(readers, 'GRAPH_REQUEST_BUDGET', largest),
    replicas: read(readers, 'GRAPH_BUDGET_REPLICAS', redisUrl === undefined ? 1 : 2),
    redisUrl,
  };
  if (budget.writes < budget.replicas) {
    readers.report(
      'GRAPH_WRITE_BUDGET must be at least GRAPH_BUDGET_REPLICAS: each needs a share.',
    );
  }
  if (budget.requests < budget.replicas * smallestRequestShare) {
    readers.report(
      `GRAPH_REQUEST_BUDGET must be at least ${smallestRequestShare} times GRAPH_BUDGET_REPLICAS: ` +
        'a batch needs as much at once.',
    );
  }
  return budget;
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
