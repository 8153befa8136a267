import { request } from 'undici';
import { readConfig } from '../../src/config/config.ts';
import type { Dependencies } from '../../src/dependencies.ts';
import { type Gateway, startGateway } from '../../src/gateway.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { startLogTrace } from '../../src/telemetry/trace.ts';
import { noMeasurements } from './measurements.ts';

/** A whole gateway in this process, reached over a real socket. */
export interface TestGateway {
  readonly url: string;
  /** Everything that it logged, line by line. */
  readonly logLines: readonly string[];
  post(body: unknown, headers?: Record<string, string>): Promise<HttpAnswer>;
  /** Posts an operation with a token; the answer's body is taken for a GraphQL result. */
  run(query: string, variables?: object, headers?: Record<string, string>): Promise<GraphQLAnswer>;
  get(path: string, headers?: Record<string, string>): Promise<HttpAnswer>;
  stop: Gateway['stop'];
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

export interface GraphQLAnswer extends HttpAnswer {
  readonly result: {
    readonly data?: Record<string, unknown> | null;
    readonly errors?: readonly {
      readonly message: string;
      readonly path?: readonly string[];
      readonly extensions: Record<string, unknown>;
    }[];
  };
}

/** Tests are in more of a hurry than Graph's limits allow, and look at the explorer only where it is theirs to test. */
const forTests = {
  GRAPH_WRITE_BUDGET: '100000',
  GRAPH_REQUEST_BUDGET: '100000',
  EXPLORER: 'off',
  // They keep the event loop that they share with it busy themselves.
  SHED_EVENT_LOOP_DELAY_MS: '0',
};

/** Starts a gateway with a configuration as an operator would write it. */
export async function startTestGateway(
  environment: Record<string, string>,
  surroundings: Partial<Dependencies> = {},
): Promise<TestGateway> {
  const logLines: string[] = [];
  let nextId = 1;
  const gateway = await startGateway(readConfig({ PORT: '0', ...forTests, ...environment }), {
    clock: systemClock,
    log: createLogger('debug', { write: (line) => logLines.push(line) }),
    measurements: noMeasurements,
    startTrace: startLogTrace,
    chance: () => 0,
    newId: () => `id-${nextId++}`,
    ...surroundings,
  });
  const ask = async (path: string, options: object): Promise<HttpAnswer> => {
    const answer = await request(`${gateway.url}${path}`, options);
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: await answer.body.text(),
    };
  };
  const post: TestGateway['post'] = (body, headers = {}) =>
    ask('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return {
    url: gateway.url,
    logLines,
    post,
    async run(query, variables = {}, headers = {}) {
      const token = { authorization: 'Bearer embedded-graph-token' };
      const answer = await post({ query, variables }, { ...token, ...headers });
      return { ...answer, result: JSON.parse(answer.text) as GraphQLAnswer['result'] };
    },
    get: (path, headers = {}) => ask(path, { headers }),
    stop: gateway.stop,
  };
}
