import { afterEach, expect } from '@jest/globals';
import { request } from 'undici';
import type { Dependencies } from '../../src/dependencies.ts';
import type { Emulator, EmulatorOptions } from '../../src/emulator/server.ts';
import { type CloseLater, useClosing } from './closing.ts';
import { recordingMeasurements } from './measurements.ts';
import { type Answer, type ScriptedServer, startScriptedServer } from './scriptedServer.ts';
import {
  type GraphQLAnswer,
  type HttpAnswer,
  startTestGateway,
  type TestGateway,
} from './testGateways.ts';
import { startTestGraph } from './testGraphs.ts';
import type { VirtualClock } from './virtualClock.ts';

/** An HTTP answer, read as a GraphQL result; a body that is not JSON has an empty one. */
export interface Reply extends HttpAnswer {
  readonly result: GraphQLAnswer['result'] & {
    readonly extensions?: { readonly notices?: readonly object[] };
  };
  /** The value of the first root field. */
  readonly root: unknown;
  /** The codes of all errors. */
  readonly codes: readonly unknown[];
  /** The extensions of the first error. */
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
}

type Headers = Readonly<Record<string, string>>;

export interface StageGateway {
  readonly url: string;
  readonly logLines: readonly string[];
  readonly measurements: ReturnType<typeof recordingMeasurements>;
  readonly stop: TestGateway['stop'];
  post(body: unknown, headers?: Headers): Promise<Reply>;
  get(path: string, headers?: Headers): Promise<Reply>;
  send(method: string, path: string, headers?: Headers, body?: string | Buffer): Promise<Reply>;
  /** Posts an operation with a token. */
  run(query: string, variables?: object, headers?: Headers): Promise<Reply>;
  /** Does the same, expects no error, and gives the value of the first root field. */
  ask<Value = unknown>(query: string, variables?: object, headers?: Headers): Promise<Value>;
  /** The lines of the log with a message, or all of them. */
  logged(message?: string): readonly Record<string, unknown>[];
}

type Environment = Readonly<Record<string, string>>;
type Surroundings = Partial<Dependencies>;

interface Stages {
  readonly closeLater: CloseLater;
  /** Starts a gateway that records its measurements. */
  start(environment?: Environment, surroundings?: Surroundings): Promise<StageGateway>;
  /** Starts a Graph that follows a script, and a gateway before it. */
  scripted(
    script: Answer | readonly Answer[],
    environment?: Environment,
    surroundings?: Surroundings,
  ): Promise<{ readonly graph: ScriptedServer; readonly gateway: StageGateway }>;
  /** Starts an embedded Graph, and a gateway before it. */
  embedded(
    options?: Partial<EmulatorOptions>,
    environment?: Environment,
    surroundings?: Surroundings,
  ): Promise<{ readonly graph: Emulator; readonly gateway: StageGateway }>;
}

/** Closes all that it starts after each test, or at the end with `afterAll`. To be called in a test file. */
export function useStages(hook = afterEach): Stages {
  const closeLater = useClosing(hook);

  const start: Stages['start'] = async (environment = {}, surroundings = {}) => {
    const measurements = recordingMeasurements();
    const gateway = await startTestGateway(environment, { measurements, ...surroundings });
    const clock: Partial<VirtualClock> | undefined = surroundings.clock;
    closeLater(() => Promise.all([gateway.stop(0), clock?.advance?.(0)]));
    return stageGatewayOf(gateway, measurements);
  };

  return {
    closeLater,
    start,
    async scripted(script, environment, surroundings) {
      const graph = await startScriptedServer(...[script].flat());
      closeLater(graph.close);
      const url = { GRAPH_BASE_URL: graph.url.href };
      return { graph, gateway: await start({ ...url, ...environment }, surroundings) };
    },
    async embedded(options, environment, surroundings) {
      const graph = await startTestGraph(options);
      closeLater(graph.close);
      const url = { GRAPH_BASE_URL: graph.baseUrl };
      return { graph, gateway: await start({ ...url, ...environment }, surroundings) };
    },
  };
}

function stageGatewayOf(
  gateway: TestGateway,
  measurements: StageGateway['measurements'],
): StageGateway {
  const run: StageGateway['run'] = async (query, variables, headers) =>
    replyOf(await gateway.run(query, variables, headers));
  return {
    url: gateway.url,
    logLines: gateway.logLines,
    measurements,
    stop: gateway.stop,
    run,
    post: async (body, headers) => replyOf(await gateway.post(body, headers)),
    get: async (path, headers) => replyOf(await gateway.get(path, headers)),
    async send(method, path, headers = {}, bytes = '') {
      const options = { method: method as 'GET', headers, body: bytes === '' ? null : bytes };
      const { statusCode, headers: answered, body } = await request(gateway.url + path, options);
      return replyOf({ status: statusCode, headers: answered, text: await body.text() });
    },
    async ask<Value>(query: string, variables = {}, headers = {}) {
      const { result, root } = await run(query, variables, headers);
      expect(result.errors).toBeUndefined();
      return root as Value;
    },
    logged: (message) =>
      gateway.logLines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((line) => message === undefined || line['message'] === message),
  };
}

function replyOf(answer: HttpAnswer): Reply {
  const result: Reply['result'] = answer.text.startsWith('{') ? JSON.parse(answer.text) : {};
  const all = (result.errors ?? []).map(({ extensions }) => extensions);
  return {
    ...answer,
    result,
    root: Object.values(result.data ?? {})[0],
    codes: all.map((extensions) => extensions['code']),
    extensions: all[0],
  };
}

/** The head of a request, or all of one without a body. */
export const headOf = (start: string, ...headers: readonly string[]): string =>
  [`${start} HTTP/1.1`, 'Host: gateway', ...headers, '', ''].join('\r\n');

const collection = '/beta/deviceManagement/complianceManagementPartners';

/** Writes to the embedded Graph as another client of it does. */
export async function writeBehind(
  graph: Emulator,
  method: string,
  path: string,
  body?: object,
  token = 'embedded-graph-token',
): Promise<void> {
  const answer = await fetch(`${graph.baseUrl}${collection}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      connection: 'close',
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  expect(answer.ok).toBe(true);
  await answer.text();
}

/** A text so many times, each made from its number, with spaces between. */
export const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_item, index) => text(index)).join(' ');
