import type { Secret } from '../shared/secret.ts';
import type { Readers } from './readers.ts';
import { largestBudget, read, smallestRequestShare } from './variables.ts';

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

const embedded = { writes: largestBudget, requests: largestBudget };

/** Reads the budget. */
export function readGraphBudget(
  readers: Readers,
  upstream: 'graph' | 'emulator',
): GraphBudgetConfig {
  const redisUrl = read(readers, 'REDIS_URL');
  const { writes, requests }: Partial<typeof embedded> = upstream === 'emulator' ? embedded : {};
  const budget = {
    writes: read(readers, 'GRAPH_WRITE_BUDGET', writes),
    requests: read(readers, 'GRAPH_REQUEST_BUDGET', requests),
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
