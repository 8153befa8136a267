import { afterEach, expect } from '@jest/globals';
import type { Dependencies } from '../../src/dependencies.ts';
import type { Emulator, EmulatorOptions } from '../../src/emulator/server.ts';
import { useClosing } from './closing.ts';
import {
  addAssignmentMutation,
  addMutation,
  deleteMutation,
  removeAssignmentMutation,
  updateMutation,
} from './documents.ts';
import { type Answer, startScriptedServer } from './scriptedServer.ts';
import { startTestGateway } from './testGateways.ts';
import { startTestGraph } from './testGraphs.ts';
import type { VirtualClock } from './virtualClock.ts';

type Environment = Readonly<Record<string, string>>;
type Surroundings = Partial<Dependencies>;

/** Closes all that it starts after each test, or at the end with `afterAll`. To be called in a test file. */
export function useStages(hook = afterEach) {
  const closeLater = useClosing(hook);

  async function start(environment: Environment = {}, surroundings: Surroundings = {}) {
    const gateway = await startTestGateway(environment, surroundings);
    const clock: Partial<VirtualClock> | undefined = surroundings.clock;
    closeLater(() => Promise.all([gateway.stop(0), clock?.advance?.(0)]));
    return gateway;
  }

  return {
    closeLater,
    start,
    /** Starts a Graph that follows a script, and a gateway before it. */
    async scripted(
      script: Answer | readonly Answer[],
      environment?: Environment,
      surroundings?: Surroundings,
    ) {
      const graph = await startScriptedServer(...[script].flat());
      closeLater(graph.close);
      const url = { GRAPH_BASE_URL: graph.url.href };
      return { graph, gateway: await start({ ...url, ...environment }, surroundings) };
    },
    /** Starts an embedded Graph, and a gateway before it. */
    async embedded(
      options?: Partial<EmulatorOptions>,
      environment?: Environment,
      surroundings?: Surroundings,
    ) {
      const graph = await startTestGraph(options);
      closeLater(graph.close);
      const url = { GRAPH_BASE_URL: graph.baseUrl };
      return { graph, gateway: await start({ ...url, ...environment }, surroundings) };
    },
  };
}

/** The head of a request, or all of one without a body. */
export const headOf = (start: string, ...headers: readonly string[]): string =>
  [`${start} HTTP/1.1`, 'Host: gateway', ...headers, '', ''].join('\r\n');

/** The documents of all mutations. */
export const mutations = {
  add: addMutation,
  update: updateMutation,
  delete: deleteMutation,
  assign: addAssignmentMutation,
  unassign: removeAssignmentMutation,
};

const collection = '/beta/deviceManagement/complianceManagementPartners';

/** Writes to the embedded Graph as another client of it does. */
export async function writeBehind(
  graph: Emulator,
  method: string,
  path: string,
  body?: object,
  token = 'embedded-graph-token',
): Promise<void> {
  const json = { 'content-type': 'application/json', connection: 'close' };
  const answer = await fetch(`${graph.baseUrl}${collection}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...json },
    ...(body && { body: JSON.stringify(body) }),
  });
  expect(answer.ok).toBe(true);
  await answer.text();
}

/** A text so many times, each made from its number, with spaces between. */
export const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_item, index) => text(index)).join(' ');
