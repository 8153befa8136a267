import assert from 'node:assert/strict';
import { request } from 'undici';
import { readConfig } from '../../src/config/config.ts';
import type { Dependencies } from '../../src/dependencies.ts';
import { startGateway } from '../../src/gateway.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { startLogTrace } from '../../src/telemetry/trace.ts';
import { recordingMeasurements } from './measurements.ts';

type Texts = Readonly<Record<string, string>>;
type Headers = Readonly<Record<string, string | string[] | undefined>>;
interface Result {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly string[];
    readonly extensions: Readonly<Record<string, unknown>>;
  }[];
  readonly extensions?: { readonly notices?: readonly object[] };
}

/** An HTTP answer, read as a GraphQL result; a body that is not JSON has an empty one. */
export type Reply = ReturnType<typeof replyOf>;
function replyOf(status: number, headers: Headers, text: string) {
  const result: Result = text.startsWith('{') ? JSON.parse(text) : {};
  const all = (result.errors ?? []).map(({ extensions }) => extensions);
  return {
    status,
    headers,
    text,
    result,
    /** The value of the first root field. */
    root: Object.values(result.data ?? {})[0],
    /** The codes of all errors. */
    codes: all.map((extensions) => extensions['code']),
    /** The extensions of the first error. */
    extensions: all[0],
  };
}

/** Tests are in more of a hurry than Graph's limits allow, and only some look at the explorer. */
const forTests = {
  GRAPH_WRITE_BUDGET: '100000',
  GRAPH_REQUEST_BUDGET: '100000',
  EXPLORER: 'off',
  // The tests themselves keep the event loop busy that they share with the gateway.
  SHED_EVENT_LOOP_DELAY_MS: '0',
};

/** A whole gateway in this process, reached over a real socket. */
export type TestGateway = Awaited<ReturnType<typeof startTestGateway>>;

/** Starts a gateway with a configuration as an operator would write it; the caller stops it. */
export async function startTestGateway(
  environment: Texts,
  surroundings: Partial<Dependencies> = {},
) {
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
  async function send(method: string, path: string, headers: Texts = {}, body?: string | Buffer) {
    const options = { method: method as 'GET', headers, body: body || null };
    const answer = await request(url + path, options);
    return replyOf(answer.statusCode, answer.headers, await answer.body.text());
  }
  const post = (body: unknown, headers?: Texts) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return send('POST', '/graphql', { 'content-type': 'application/json', ...headers }, text);
  };
  /** Posts an operation with a token. */
  const run = (query: string, variables: object = {}, headers: Texts = {}) =>
    post({ query, variables }, { authorization: 'Bearer embedded-graph-token', ...headers });
  return {
    url,
    /** Everything that it logged, line by line. */
    logLines: logLines as readonly string[],
    measurements,
    stop,
    post,
    get: (path: string, headers?: Texts) => send('GET', path, headers),
    send,
    run,
    /** Does the same, expects no error, and gives the value of the first root field. */
    async ask<Value = unknown>(query: string, variables?: object, headers?: Texts) {
      const { result, root } = await run(query, variables, headers);
      assert.equal(result.errors, undefined);
      return root as Value;
    },
    /** The lines of the log with a message, or all of them. */
    logged: (message?: string): readonly Record<string, unknown>[] =>
      logLines
        .map((line) => JSON.parse(line))
        .filter((line) => message === undefined || line.message === message),
  };
}
