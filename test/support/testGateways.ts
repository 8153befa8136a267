import assert from 'node:assert/strict';
import { request } from 'undici';
import { readConfig } from '../../src/config/config.ts';
import type { Dependencies } from '../../src/dependencies.ts';
import { type Gateway, startGateway } from '../../src/gateway.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { startLogTrace } from '../../src/telemetry/trace.ts';
import { recordingMeasurements } from './measurements.ts';

/** An HTTP answer, read as a GraphQL result; a body that is not JSON has an empty one. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly result: {
    readonly data?: Readonly<Record<string, unknown>> | null;
    readonly errors?: readonly {
      readonly message: string;
      readonly path?: readonly string[];
      readonly extensions: Readonly<Record<string, unknown>>;
    }[];
    readonly extensions?: { readonly notices?: readonly object[] };
  };
  /** The value of the first root field. */
  readonly root: unknown;
  /** The codes of all errors. */
  readonly codes: readonly unknown[];
  /** The extensions of the first error. */
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
}

type Texts = Readonly<Record<string, string>>;

/** A whole gateway in this process, reached over a real socket. */
export interface TestGateway {
  readonly url: string;
  /** Everything that it logged, line by line. */
  readonly logLines: readonly string[];
  readonly measurements: ReturnType<typeof recordingMeasurements>;
  readonly stop: Gateway['stop'];
  post(body: unknown, headers?: Texts): Promise<Reply>;
  get(path: string, headers?: Texts): Promise<Reply>;
  send(method: string, path: string, headers?: Texts, body?: string | Buffer): Promise<Reply>;
  /** Posts an operation with a token. */
  run(query: string, variables?: object, headers?: Texts): Promise<Reply>;
  /** Does the same, expects no error, and gives the value of the first root field. */
  ask<Value = unknown>(query: string, variables?: object, headers?: Texts): Promise<Value>;
  /** The lines of the log with a message, or all of them. */
  logged(message?: string): readonly Record<string, unknown>[];
}

/** Tests are in more of a hurry than Graph's limits allow, and only some look at the explorer. */
const forTests = {
  GRAPH_WRITE_BUDGET: '100000',
  GRAPH_REQUEST_BUDGET: '100000',
  EXPLORER: 'off',
  // The tests themselves keep the event loop busy that they share with the gateway.
  SHED_EVENT_LOOP_DELAY_MS: '0',
};

/** Starts a gateway with a configuration as an operator would write it; the caller stops it. */
export async function startTestGateway(
  environment: Texts,
  surroundings: Partial<Dependencies> = {},
): Promise<TestGateway> {
  const logLines: string[] = [];
  const measurements = recordingMeasurements();
  let nextId = 1;
  const { url, stop } = await startGateway(readConfig({ PORT: '0', ...forTests, ...environment }), {
    clock: systemClock,
    log: createLogger('debug', { write: (line) => logLines.push(line) }),
    measurements,
    startTrace: startLogTrace,
    chance: () => 0,
    newId: () => `id-${nextId++}`,
    ...surroundings,
  });
  const send: TestGateway['send'] = async (method, path, headers = {}, bytes = '') => {
    const options = { method: method as 'GET', headers, body: bytes === '' ? null : bytes };
    const answer = await request(url + path, options);
    return replyOf(answer.statusCode, answer.headers, await answer.body.text());
  };
  const post: TestGateway['post'] = (body, headers) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return send('POST', '/graphql', { 'content-type': 'application/json', ...headers }, text);
  };
  const run: TestGateway['run'] = (query, variables = {}, headers = {}) =>
    post({ query, variables }, { authorization: 'Bearer embedded-graph-token', ...headers });
  return {
    url,
    logLines,
    measurements,
    stop,
    post,
    get: (path, headers) => send('GET', path, headers),
    send,
    run,
    async ask<Value>(query: string, variables?: object, headers?: Texts) {
      const { result, root } = await run(query, variables, headers);
      assert.equal(result.errors, undefined);
      return root as Value;
    },
    logged: (message) =>
      logLines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((line) => message === undefined || line['message'] === message),
  };
}

function replyOf(status: number, headers: Reply['headers'], text: string): Reply {
  const result: Reply['result'] = text.startsWith('{') ? JSON.parse(text) : {};
  const all = (result.errors ?? []).map(({ extensions }) => extensions);
  return {
    status,
    headers,
    text,
    result,
    root: Object.values(result.data ?? {})[0],
    codes: all.map((extensions) => extensions['code']),
    extensions: all[0],
  };
}
