import { connect } from 'node:net';
import { afterAll, describe, expect, it } from '@jest/globals';
import { SpanKind } from '@opentelemetry/api';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { createStartTrace } from '../../src/telemetry/trace.ts';
import { listQuery, totalCountQuery } from '../support/documents.ts';
import { graphqlRequest, openConnection, sendRaw } from '../support/rawConnection.ts';
import { empty, json, silence } from '../support/scriptedServer.ts';
import { headOf, useStages } from '../support/stages.ts';
import type { TestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';

const listed = 'https://app.example';
const unlisted = 'https://evil.example';
const hostedSandbox = 'https://studio.apollographql.com';

const { scripted, start: startOne } = useStages();
const stages = useStages(afterAll);
const CORS_ORIGINS = `${listed},http://localhost:5173`;
const { graph, gateway } = await stages.scripted(json(200, { value: [] }), { CORS_ORIGINS });
const closed = await stages.start({ GRAPH_BASE_URL: graph.url.href });
const embedded = await stages.start({ EXPLORER: 'auto' });

const close = 'Connection: close';
const type = 'Content-Type: application/json';
const bare = (...lines: string[]): string => [...lines, '', ''].join('\r\n');

/** Sends bytes as they are and gives everything that comes back until the connection ends. */
async function sendAll(text: string): Promise<string> {
  const caller = await openConnection(gateway.url);
  caller.socket.end(text);
  return caller.closed;
}

describe('the HTTP server', () => {
  it('says that it lives and takes requests, without asking Graph', async () => {
    const [live, ready] = [await gateway.get('/livez'), await gateway.get('/readyz')];
    expect([live.status, live.text]).toEqual([200, '{"status":"alive"}']);
    expect([ready.status, ready.text]).toEqual([200, '{"status":"running"}']);
    expect(graph.requests).toEqual([]);
  });

  it.each([
    ['wait=2.5', 'wait=2.5'],
    ['wait=999999', 'wait=20'],
    ['wait=0', undefined],
  ])('gives an operation as much time as %s asks for, or at most %s', async (prefer, applied) => {
    const { headers } = await gateway.run('{ __typename }', {}, { prefer });
    expect(headers['preference-applied']).toBe(applied);
  });

  it.each<[string, string[], string]>([
    ['no body', [], ''],
    ['half a body of JSON', [type, 'Content-Length: 2'], '{"'],
    ['a body of a broken type', ['Content-Type: /;', 'Content-Length: 2'], '{}'],
    ['a compressed body', ['Content-Encoding: gzip', 'Content-Length: 2'], '{}'],
    ['a body that is too large', [type, 'Content-Length: 100000'], 'x'.repeat(100_000)],
  ])('says that it does not have a path or its method, with %s', async (_what, headers, body) => {
    for (const [path, status, code, allow] of [
      ['/graphql', 405, 'METHOD_NOT_ALLOWED', 'GET, POST'],
      ['/livez', 405, 'METHOD_NOT_ALLOWED', 'GET, HEAD'],
      ['/nothing', 404, 'NOT_FOUND', undefined],
    ] as const) {
      for (const method of ['DELETE', 'QUERY', 'REPORT']) {
        const answer = await sendAll(headOf(`${method} ${path}`, close, ...headers) + body);
        expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
        expect(answer).toContain(`"${code}"`);
        expect(/^allow: (.*)\r$/im.exec(answer)?.[1]).toBe(allow);
      }
    }
  });

  it('takes the next request of a connection whose last one it did not read', async () => {
    const put = headOf('PUT /graphql', 'Content-Length: 100000') + 'x'.repeat(100_000);
    const answers = await sendAll(put + headOf('GET /livez', close));
    expect(answers.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 405', 'HTTP/1.1 200']);
  });

  it.each<[string, Record<string, string>, number]>([
    ['a bearer token', { authorization: 'bearer x' }, 200],
    ["GraphQL's own header", { 'graphql-require-preflight': '1' }, 200],
    ["the header of Apollo's mobile clients", { 'x-apollo-operation-name': 'Named' }, 200],
    ['the credentials that a browser adds', { authorization: 'Basic eDp5' }, 400],
    ['no token behind the scheme', { authorization: 'Bearer ' }, 400],
    ['an empty header', { 'graphql-require-preflight': '' }, 400],
  ])('takes a GET with %s for preflighted, or not', async (_what, headers, status) => {
    const answer = await gateway.get('/graphql?query=%7B__typename%7D', headers);
    expect(answer.status).toBe(status);
  });
});

type Headers = Record<string, string>;
const preflight = (to: TestGateway, origin: string, more: Headers = {}) =>
  to.send('OPTIONS', '/graphql', { origin, 'access-control-request-method': 'POST', ...more });
const allowed = 'access-control-allow-origin';
const privateNetwork = 'access-control-allow-private-network';
const asksPrivate = { 'access-control-request-private-network': 'true' };

describe('a page of another origin', () => {
  it('may send all that clients of GraphQL send, and read what it needs to go on', async () => {
    const { status, headers, text } = await preflight(gateway, listed);
    expect([status, text]).toEqual([204, '']);
    expect(headers).toMatchObject({
      [allowed]: listed,
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-max-age': '7200',
      vary: 'Origin',
    });
    expect(headers['access-control-allow-headers']).toBe(
      'accept, apollo-require-preflight, apollographql-client-name, apollographql-client-version, ' +
        'authorization, baggage, client-request-id, content-type, graphql-require-preflight, prefer, ' +
        'traceparent, tracestate, x-apollo-operation-name',
    );
    expect(headers).not.toHaveProperty('access-control-allow-credentials');
    const answer = await gateway.get('/livez', { origin: listed });
    expect(answer.headers['access-control-expose-headers']).toBe(
      'allow, client-request-id, preference-applied, retry-after, traceparent, www-authenticate',
    );
  });

  it('may call a machine in a private network if it is the Sandbox of an embedded Graph', async () => {
    const { headers } = await preflight(embedded, hostedSandbox, asksPrivate);
    expect(headers).toMatchObject({ [allowed]: hostedSandbox, [privateNetwork]: 'true' });
    const usual = await preflight(embedded, hostedSandbox);
    expect(usual.headers).not.toHaveProperty(privateNetwork);
    const other = await preflight(gateway, hostedSandbox, asksPrivate);
    expect(other.headers['vary']).toBe('Origin');
    expect(other.headers).not.toHaveProperty(allowed);
    expect(other.headers).not.toHaveProperty(privateNetwork);
  });

  it('has no preflight without a listed origin and a method: then OPTIONS is a method like others', async () => {
    for (const [to, headers] of [
      [gateway, { origin: listed }],
      [gateway, { 'access-control-request-method': 'POST' }],
      [closed, { origin: listed, 'access-control-request-method': 'POST' }],
    ] as const) {
      const answer = await to.send('OPTIONS', '/graphql', { ...headers });
      expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, POST']);
    }
    const { headers } = await closed.get('/livez', { origin: listed });
    expect(headers).not.toHaveProperty('vary');
  });

  const withoutToken = { 'content-type': 'application/json' };
  const tooLarge = `"${'x'.repeat(70_000)}"`;
  it.each<[number, string, string, Headers, string?]>([
    [200, 'GET', '/schema.graphql', {}],
    [400, 'GET', '/%zz', {}],
    [401, 'POST', '/graphql', withoutToken, JSON.stringify({ query: totalCountQuery })],
    [404, 'GET', '/nothing', {}],
    [413, 'POST', '/graphql', withoutToken, tooLarge],
  ])('can read every answer if its origin is listed: %i to %s %s', async (status, ...sent) => {
    const [method, path, headers, body] = sent;
    for (const origin of [listed, unlisted]) {
      const answer = await gateway.send(method, path, { ...headers, origin }, body);
      const permitted = origin === listed ? listed : undefined;
      expect([answer.status, answer.headers[allowed]]).toEqual([status, permitted]);
      expect(String(answer.headers['vary'])).toContain('Origin');
    }
  });
});

const longPath = (bytes: number) => headOf(`GET /graphql?query=${'x'.repeat(bytes)}`);
const halfBody = `${headOf('POST /graphql', type, 'Content-Length: 9', close)}{"query":`;
const upgrade = headOf('GET /graphql', 'Upgrade: websocket', 'Connection: Upgrade, close');
const lengthAndChunks = headOf('POST /graphql', 'Content-Length: 1', 'Transfer-Encoding: chunked');

describe('bytes that are no request, or one that cannot be carried out', () => {
  it.each<[string, string, number, string]>([
    ['no HTTP', bare('HELLO'), 400, 'BAD_REQUEST'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'BAD_REQUEST'],
    ['a length and chunks', lengthAndChunks, 400, 'BAD_REQUEST'],
    ['a URI of 20 KiB', longPath(20_480), 414, 'URI_TOO_LONG'],
    ['a URI of 100 KiB', longPath(102_400), 414, 'URI_TOO_LONG'],
    ['headers of 20 KiB', headOf('GET /', `A: ${'x'.repeat(20_480)}`), 431, 'HEADERS_TOO_LARGE'],
    ['no host', bare('GET /livez HTTP/1.1', close), 400, 'BAD_REQUEST'],
    ['an expectation', headOf('GET /livez', 'Expect: tea', close), 417, 'EXPECTATION_FAILED'],
    ['a tunnel', headOf('CONNECT elsewhere:443'), 405, 'METHOD_NOT_ALLOWED'],
    ['a path of no form', headOf('GET /%zz', close), 400, 'BAD_REQUEST'],
    ['a whole address', headOf('GET http://y/z', close), 404, 'NOT_FOUND'],
    ['half a body', halfBody, 400, 'BAD_REQUEST'],
    ['an upgrade', upgrade, 400, 'BAD_REQUEST'],
  ])('are answered in JSON: %s', async (_what, bytes, status, code) => {
    const before = embedded.logLines.length;
    const answer = await sendRaw(embedded.url, Buffer.from(bytes, 'latin1'));
    const { headers = {}, text = '' } = answer ?? {};
    expect(answer?.status).toBe(status);
    expect(headers).toMatchObject({
      'content-type': ['application/json; charset=utf-8'],
      'content-length': [String(Buffer.byteLength(text))],
      'cache-control': ['no-store'],
      'x-content-type-options': ['nosniff'],
      connection: [expect.stringMatching(/^close$/i)],
    });
    const error = { message: expect.any(String), extensions: { code } };
    expect(JSON.parse(text)).toMatchObject({ errors: [error] });
    // A line is written when an answer has gone out, which its reader can notice first.
    await until(() => embedded.logLines.length > before);
    const line = expect.objectContaining({ level: 'info', status });
    expect(embedded.logged().slice(before)).toEqual([line]);
  });

  /** Opens a connection that does not end its own side, and sends bytes. */
  async function connectTo({ url }: TestGateway, bytes: string) {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    socket.on('error', () => undefined).write(bytes);
    return { socket, answer: new Promise((resolve) => socket.once('data', resolve)) };
  }

  it('are blamed on headers if only a later part of them is seen at once', async () => {
    const { socket, answer } = await connectTo(embedded, bare('GET / HTTP/1.1').slice(0, -2));
    // If both parts are read at once, however, it is no other answer.
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.write(`A: ${'x'.repeat(20_480)}\r\nB: y\r\n\r\n`);
    expect(String(await answer)).toMatch(/^HTTP\/1\.1 431 /);
    socket.destroy();
  });

  it('are counted if they are no HTTP, and not if the connection is simply reset', async () => {
    const own = await startOne();
    await sendRaw(own.url, bare('HELLO'));
    (await openConnection(own.url)).socket.resetAndDestroy();
    await own.get('/livez');
    expect(own.measurements.events).toEqual(['connection cut for malformed']);
  });

  it.each([
    ['a tunnel', headOf('CONNECT elsewhere:443')],
    ['no HTTP', bare('HELLO')],
  ])('keep no gateway from stopping if a peer does not let go after %s', async (_what, bytes) => {
    const own = await startOne();
    const { socket, answer } = await connectTo(own, bytes);
    await answer;
    await own.stop(0);
    socket.destroy();
  });

  it.each([
    ['an empty host', bare('GET /livez HTTP/1.1', 'Host:', close)],
    ['no host in HTTP/1.0', bare('GET /livez HTTP/1.0', close)],
    ['the expectation 100-Continue', headOf('GET /livez', 'Expect: 100-Continue', close)],
  ])('are not a head with %s', async (_what, bytes) => {
    expect((await sendRaw(embedded.url, bytes))?.status).toBe(200);
  });
});

it('masks an unexpected error everywhere, and logs its reason under the request id', async () => {
  const chance = (): number => {
    throw new TypeError('connect to https://user:hunter2@internal.example failed');
  };
  const broken = await scripted(empty(503), {}, { chance });
  const { status, result, text, headers } = await broken.gateway.run(totalCountQuery);
  const requestId = headers['client-request-id'];
  const error = {
    message: expect.stringContaining('Internal error.'),
    locations: [{ line: 1, column: 9 }],
    path: ['complianceManagementPartners'],
    extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
  };
  const data = { complianceManagementPartners: null };
  expect([status, result]).toEqual([200, { data, errors: [error] }]);
  const lines = broken.gateway.logged('A resolver failed unexpectedly');
  expect(lines).toMatchObject([{ level: 'error', requestId }]);
  expect(text + broken.gateway.logLines.join()).not.toMatch(/hunter2|internal\.example/);
});

describe('the line, the measurement and the span of a request', () => {
  async function start() {
    const exporter = new InMemorySpanExporter();
    const spanProcessors = [new SimpleSpanProcessor({ exporter })];
    const provider = new TracerProvider({ sampler: new AlwaysOnSampler(), spanProcessors });
    const startTrace = createStartTrace(() => provider.getTracer('test'));
    const { graph, gateway } = await scripted(silence, {}, { startTrace });
    const { requests } = gateway.measurements;
    const answered = () => gateway.logged('Answered');
    return { graph, gateway, requests, answered, spans: () => exporter.getFinishedSpans() };
  }

  it('are one each for rejected requests, and without a span for what is no GraphQL', async () => {
    const { gateway, answered, requests, spans } = await start();
    const accept = 'application/graphql-response+json';
    await gateway.post({ query: '{' }, { accept });
    await gateway.post({ query: totalCountQuery }, { accept });
    await gateway.post('[]');
    await gateway.post('query', { 'content-type': 'text/plain' });
    await gateway.get('/livez');
    await gateway.get('/nowhere/4711?key=hunter2');
    expect(answered()).toMatchObject([
      { status: 400, codes: ['GRAPHQL_PARSE_FAILED'] },
      { status: 401, codes: ['UNAUTHENTICATED'], operationType: 'query' },
      { status: 400, codes: ['BATCHING_NOT_SUPPORTED'] },
      { status: 415 },
      { url: '/livez' },
      { url: 'unknown' },
    ]);
    const graphql = Array(4).fill('/graphql');
    expect(requests.map(({ route }) => route)).toEqual([...graphql, '/livez', undefined]);
    expect(spans()).toHaveLength(4);
  });

  it('are one each for a caller that leaves, before its answer or in its own request', async () => {
    const { graph, gateway, answered, requests, spans } = await start();
    const waiting = await openConnection(gateway.url);
    const sending = await openConnection(gateway.url);
    waiting.send(graphqlRequest({ query: listQuery }));
    sending.send(`${headOf('POST /graphql', 'content-length: 100', type)}{"query"`);
    await until(() => graph.requests.length === 1);
    waiting.socket.resetAndDestroy();
    await until(() => answered().length === 1);
    sending.socket.destroy();
    await until(() => answered().length === 2);
    expect(answered()).toMatchObject([
      { operationName: 'List', codes: ['CALLER_LEFT'], hasCallerLeft: true },
      { url: '/graphql', hasCallerLeft: true },
    ]);
    expect(answered()[0]).not.toHaveProperty('status');
    expect(gateway.logged('Microsoft Graph gave no answer')).toMatchObject([
      { operation: 'list', code: 'callerLeft', fault: 'ended', hasCallerLeft: true },
    ]);
    const left = { errorType: 'callerLeft', status: undefined };
    expect(requests).toMatchObject([left, left]);
    const ended = spans().filter(({ kind }) => kind === SpanKind.SERVER);
    const types = ended.map(({ attributes }) => attributes['error.type']);
    expect(types).toEqual(['callerLeft', 'callerLeft']);
  });
});
