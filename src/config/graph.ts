import { cloudNames, graphRootOf } from './clouds.ts';
import type { Readers } from './readers.ts';
import { largestBudget, read, readAll, type Settings, smallestRequestShare } from './variables.ts';

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

export function readUpstream(readers: Readers, isProduction: boolean): Upstream {
  const cloud = read(readers, 'GRAPH_CLOUD');
  const root = read(readers, 'GRAPH_BASE_URL');
  const emulator = { kind: 'emulator' as const, ...readAll(readers, emulatorSettings) };
  const isRootNamed = readers.text('GRAPH_BASE_URL') !== undefined;
  if (emulator.hasControl && isProduction) {
    readers.report('EMULATOR_CONTROL must be false with NODE_ENV=production.');
  }
  if (cloud === 'emulator' && isRootNamed) {
    readers.report(
      'GRAPH_CLOUD is emulator, so GRAPH_BASE_URL must be absent: name one of the two.',
    );
  }
  if (root !== undefined) {
    return { kind: 'graph', root };
  }
  if (cloud !== undefined && cloud !== 'emulator') {
    return { kind: 'graph', root: graphRootOf(cloud) };
  }
  if (isProduction && !isRootNamed) {
    readers.need(
      'GRAPH_CLOUD',
      `with NODE_ENV=production it must be one of ${cloudNames.join(', ')}, or emulator to use the embedded Graph on purpose`,
    );
  }
  return emulator;
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
