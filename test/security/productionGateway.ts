import type { Emulator } from '../../src/emulator/server.ts';
import { type GraphQLAnswer, startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';

/** A whole gateway as operators run it, before a Graph that keeps what reaches it. */
export interface ProductionGateway {
  readonly graph: Emulator;
  readonly gateway: TestGateway;
  close(): Promise<void>;
}

/** Starts both with everything at its default for production. */
export async function startProductionGateway(
  environment: Readonly<Record<string, string>> = {},
): Promise<ProductionGateway> {
  const graph = await startTestGraph();
  const settings = { NODE_ENV: 'production', GRAPH_BASE_URL: graph.baseUrl, ...environment };
  const gateway = await startTestGateway(settings).catch(async (error: unknown) => {
    await graph.close();
    throw error;
  });
  return {
    graph,
    gateway,
    async close() {
      await gateway.stop(0);
      await graph.close();
    },
  };
}

/** The codes of an answer's errors. */
export const codesIn = ({ result }: Pick<GraphQLAnswer, 'result'>): readonly unknown[] =>
  (result.errors ?? []).map(({ extensions }) => extensions['code']);

/** Something so many times, each with its number. */
export const repeat = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_item, index) => text(index)).join(' ');
