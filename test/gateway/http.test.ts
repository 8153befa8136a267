import { afterAll, describe, expect, it } from '@jest/globals';
import { SpanKind } from '@opentelemetry/api';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { buildSchema, introspectionFromSchema } from 'graphql';
import { createStartTrace } from '../../src/telemetry/trace.ts';
import { listQuery, totalCountQuery } from '../support/documents.ts';
import { graphqlRequest, openConnection } from '../support/rawConnection.ts';
import { empty, json, silence } from '../support/scriptedServer.ts';
import { headOf, useStages } from '../support/stages.ts';
import { until } from '../support/until.ts';

const { scripted } = useStages();
const ofFile = useStages(afterAll);
const { graph, gateway } = await ofFile.scripted(json(200, { value: [] }));

const type = 'Content-Type: application/json';

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
  ])('gives an operation as much time as %s asks for, but no more than is set', async (...row) => {
    const [prefer, applied] = row;
    const { headers } = await gateway.run('{ __typename }', {}, { prefer });
    expect(headers['preference-applied']).toBe(applied);
  });

  it('serves the whole schema as text', async () => {
    const { status, headers, text } = await gateway.get('/schema.graphql');
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
    const { __schema } = introspectionFromSchema(buildSchema(text));
    expect(__schema.mutationType?.name).toBe('Mutation');
  });

  describe.each<[string, number, string, string | undefined]>([
    ['/graphql', 405, 'METHOD_NOT_ALLOWED', 'GET, POST'],
    ['/livez', 405, 'METHOD_NOT_ALLOWED', 'GET, HEAD'],
    ['/nothing', 404, 'NOT_FOUND', undefined],
  ])('asked for %s in a way that it does not have', (path, status, code, allow) => {
    it.each<[string, string[], string]>([
      ['without a body', [], ''],
      ['with half a body of JSON', [type, 'Content-Length: 2'], '{"'],
      ['with a body of a broken type', ['Content-Type: /;', 'Content-Length: 2'], '{}'],
      ['with a compressed body', ['Content-Encoding: gzip', 'Content-Length: 2'], '{}'],
      ['with a body that is too large', [type, 'Content-Length: 100000'], 'x'.repeat(100_000)],
    ])('says so, %s', async (_what, headers, body) => {
      for (const method of ['DELETE', 'QUERY', 'REPORT']) {
        const head = headOf(`${method} ${path}`, 'Connection: close', ...headers);
        const answer = await sendAll(head + body);
        expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
        expect(answer).toContain(`"${code}"`);
        expect(/^allow: (.*)\r$/im.exec(answer)?.[1]).toBe(allow);
      }
    });
  });

  it('takes the next request of a connection whose last one it did not read', async () => {
    const text = 'x'.repeat(100_000);
    const answers = await sendAll(
      headOf('PUT /graphql', `Content-Length: ${text.length}`) +
        text +
        headOf('GET /livez', 'Connection: close'),
    );
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

describe('an unexpected error', () => {
  it('is masked and quoted nowhere, with the request id by which its reason is found in the log', async () => {
    const chance = (): number => {
      throw new TypeError('connect to https://user:hunter2@internal.example failed');
    };
    const { gateway } = await scripted(empty(503), {}, { chance });
    const { status, result, text, headers } = await gateway.run(totalCountQuery);
    const requestId = headers['client-request-id'];
    expect([status, result]).toEqual([
      200,
      {
        data: { complianceManagementPartners: null },
        errors: [
          {
            message: expect.stringContaining('Internal error.'),
            locations: [{ line: 1, column: 9 }],
            path: ['complianceManagementPartners'],
            extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
          },
        ],
      },
    ]);
    expect(gateway.logged('A resolver failed unexpectedly')).toMatchObject([
      { level: 'error', requestId },
    ]);
    expect(text + gateway.logLines.join()).not.toMatch(/hunter2|internal\.example/);
  });
});

describe('the line, the measurement and the span of a request', () => {
  async function start() {
    const exporter = new InMemorySpanExporter();
    const spanProcessors = [new SimpleSpanProcessor({ exporter })];
    const provider = new TracerProvider({ sampler: new AlwaysOnSampler(), spanProcessors });
    const startTrace = createStartTrace(() => provider.getTracer('test'));
    const stage = await scripted(silence, {}, { startTrace });
    return {
      ...stage,
      requests: stage.gateway.measurements.requests,
      answered: () => stage.gateway.logged('Answered'),
      spans: () => exporter.getFinishedSpans(),
    };
  }

  it.each<[string, unknown, Record<string, string>, object]>([
    [
      'a document that is none',
      { query: '{' },
      {},
      { status: 400, codes: ['GRAPHQL_PARSE_FAILED'] },
    ],
    [
      'no token',
      { query: totalCountQuery },
      {},
      { status: 401, codes: ['UNAUTHENTICATED'], operationType: 'query' },
    ],
    ['another type', 'query', { 'content-type': 'text/plain' }, { status: 415 }],
  ])('are one each for %s too', async (_what, body, headers, told) => {
    const { gateway, answered, requests, spans } = await start();
    await gateway.post(body, { accept: 'application/graphql-response+json', ...headers });
    expect(answered()).toEqual([expect.objectContaining(told)]);
    expect([requests.length, spans().length]).toEqual([1, 1]);
  });

  it('are there without a span for what is no GraphQL request', async () => {
    const { gateway, answered, requests, spans } = await start();
    await gateway.get('/livez');
    await gateway.get('/nowhere/4711?key=hunter2');
    expect(answered().map(({ url }) => url)).toEqual(['/livez', 'unknown']);
    expect(requests.map(({ route }) => route)).toEqual(['/livez', undefined]);
    expect(spans()).toEqual([]);
  });

  it('are one each for a caller that leaves, before its answer or in its own request', async () => {
    const { graph, gateway, answered, requests, spans } = await start();
    const [waiting, sending] = [
      await openConnection(gateway.url),
      await openConnection(gateway.url),
    ];
    waiting.send(graphqlRequest({ query: listQuery }));
    sending.send(`${headOf('POST /graphql', 'content-length: 100', type)}{"query"`);
    await until(() => graph.requests.length === 1);
    waiting.socket.resetAndDestroy();
    await until(() => answered().length === 1);
    sending.socket.destroy();
    await until(() => answered().length === 2);
    expect(answered()).toMatchObject([
      { operationName: 'List', hasCallerLeft: true },
      { url: '/graphql', hasCallerLeft: true },
    ]);
    expect(answered()[0]).not.toHaveProperty('status');
    const left = { errorType: 'callerLeft', status: undefined };
    expect(requests).toMatchObject([left, left]);
    const ended = spans().filter(({ kind }) => kind === SpanKind.SERVER);
    expect(ended.map(({ attributes }) => attributes['error.type'])).toEqual(
      Array(2).fill('callerLeft'),
    );
  });
});
