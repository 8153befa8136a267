import type { Secret } from '../shared/secret.ts';
import type { Readers } from './readers.ts';

/** How much is sent to Graph, for each app and tenant within 20 s. */
export interface GraphBudgetConfig {
  /** Changes. */
  readonly writes: number;
  /** Reads and changes. */
  readonly requests: number;
  /** Over how many replicas the budget is divided while they do not share it. */
  readonly replicas: number;
  /** The Redis through which they share it; its URL may hold a password. */
  readonly redisUrl: Secret | undefined;
}

/** What a batch needs at once: a smaller share would never let one through. */
const smallestRequestShare = 20;

const most = 100_000;

/** Microsoft's documented limits for this resource; the embedded Graph has none, so that trying it needs no wait. */
const defaults = {
  graph: { writes: 100, requests: 1000 },
  emulator: { writes: most, requests: most },
};

/** Reads the budget. */
export function readGraphBudget(
  readers: Readers,
  upstream: 'graph' | 'emulator',
): GraphBudgetConfig {
  const redisUrl = readers.redisUrl('REDIS_URL');
  const budget = {
    writes: readers.wholeNumber('GRAPH_WRITE_BUDGET', {
      min: 1,
      max: most,
      fallback: defaults[upstream].writes,
    }),
    requests: readers.wholeNumber('GRAPH_REQUEST_BUDGET', {
      min: smallestRequestShare,
      max: most,
      fallback: defaults[upstream].requests,
    }),
    replicas: readers.wholeNumber('GRAPH_BUDGET_REPLICAS', {
      min: 1,
      max: 1000,
      fallback: redisUrl === undefined ? 1 : 2,
    }),
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
