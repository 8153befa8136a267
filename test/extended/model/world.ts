import type { Emulator } from '../../../src/emulator/server.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';
import { ModelGraph, Revisions } from './modelGraph.ts';
import type { HeldCursor } from './modelList.ts';
import type { Generation } from './modelPartner.ts';
import { seededRows } from './seeds.ts';

/** What is known of the world beside the real one. */
export interface World {
  readonly graph: ModelGraph;
  readonly revisions: Revisions;
  /** Cursors that were given out, the newest first. */
  cursors: readonly HeldCursor[];
  /** Ids that a partner had at some time. */
  readonly formerIds: Set<string>;
  /** Everything sent, to explain a difference. */
  readonly sent: string[];
  /** How often Graph has given an id. */
  givenIds: number;
}

/** The gateway and the Graph behind it. */
export interface Real {
  readonly gateway: TestGateway;
  readonly graph: Emulator;
  /** How many writes have reached Graph since this was asked last. */
  takeWrites(): number;
  close(): Promise<void>;
}

/** The id that Graph gives to the partner with this number among those that it gave one. */
export function givenId(number: number): string {
  return `given-${number}`;
}

/** A model of Graph as it is at the start. */
export function createWorld(generation: Generation): World {
  const revisions = new Revisions();
  const graph = new ModelGraph(generation, revisions);
  const formerIds = new Set(graph.partners.map(({ id }) => id));
  return { graph, revisions, cursors: [], formerIds, sent: [], givenIds: 0 };
}

/** A gateway in front of an embedded Graph, whose list has pages of a few rows. */
export async function startReal({ name, apiVersion }: Generation): Promise<Real> {
  let ids = 0;
  let writes = 0;
  const graph = await startTestGraph({
    generation: name === 'reference-page' ? name : 'today',
    seed: seededRows,
    pageSize: 6,
    recordRequests: false,
    newId: () => {
      ids += 1;
      return givenId(ids);
    },
    onRequest({ method, path }) {
      writes += method === 'GET' || path.endsWith('$batch') ? 0 : 1;
    },
  });
  const environment = { GRAPH_BASE_URL: graph.baseUrl, GRAPH_API_VERSION: apiVersion };
  const gateway = await startTestGateway(environment);
  return {
    gateway,
    graph,
    takeWrites() {
      const taken = writes;
      writes = 0;
      return taken;
    },
    async close() {
      await gateway.stop(0);
      await graph.close();
    },
  };
}
