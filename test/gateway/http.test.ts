import { afterAll, describe, expect, it } from '@jest/globals';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { buildSchema, introspectionFromSchema, isObjectType } from 'graphql';
import { createStartTrace } from '../../src/telemetry/trace.ts';
import { addMutation, listQuery } from '../support/documents.ts';
import { graphqlRequest, openConnection } from '../support/rawConnection.ts';
import { type Answer, empty, json, silence } from '../support/scriptedServer.ts';
import { headOf, useStages } from '../support/stages.ts';
import type { TestGateway } from '../support/testGateways.ts';
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
    ['wait=20', 'wait=20'],
    ['wait=999999', 'wait=20'],
    ['wait=0', undefined],
    ['wait=soon', undefined],
  ])('gives an operation as much time as %s asks for, but no more than is set', async (...row) => {
    const [prefer, applied] = row;
    const { headers } = await gateway.run('{ __typename }', {}, { prefer });
    expect(headers['preference-applied']).toBe(applied);
  });

  it('serves the whole schema as text', async () => {
    const { status, headers, text } = await gateway.get('/schema.graphql');
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
    const schema = buildSchema(text);
    expect(isObjectType(schema.getType('ComplianceManagementPartner'))).toBe(true);
    expect(introspectionFromSchema(schema).__schema.mutationType?.name).toBe('Mutation');
  });

  describe.each<[string, number, string, string | undefined]>([
    ['/graphql', 405, 'METHOD_NOT_ALLOWED', 'GET, POST'],
    ['/livez', 405, 'METHOD_NOT_ALLOWED', 'GET, HEAD'],
    ['/nothing', 404, 'NOT_FOUND', undefined],
  ])('asked for %s in a way that it does not have', (path, status, code, allow) => {
    it.each<[string, string[], string]>([
      ['without a body', [], ''],
      ['with an empty body of JSON', [type], ''],
      ['with half a body of JSON', [type, 'Content-Length: 2'], '{"'],
      ['with a body of no type', ['Content-Length: 2'], '{}'],
      ['with a body of a broken type', ['Content-Type: /;', 'Content-Length: 2'], '{}'],
      ['with a compressed body', ['Content-Encoding: gzip', 'Content-Length: 2'], '{}'],
    ])('says so, %s', async (_what, headers, body) => {
      for (const method of ['DELETE', 'PATCH', 'PUT', 'QUERY', 'REPORT']) {
        const head = headOf(`${method} ${path}`, 'Connection: close', ...headers);
        const answer = await sendAll(head + body);
        expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
        expect(answer).toContain(`"${code}"`);
        expect(/^allow: (.*)\r$/im.exec(answer)?.[1]).toBe(allow);
      }
    });
  });

  it('tells of a path that is not there before what is wrong with the body for it', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const { status, codes } = await gateway.send('POST', '/nothing', headers, 'x'.repeat(100_000));
    expect([status, codes]).toEqual([404, ['NOT_FOUND']]);
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
    ['a bearer token', { authorization: 'Bearer x' }, 200],
    ["a bearer token in the scheme's other spelling", { authorization: 'bearer x' }, 200],
    ["GraphQL's own header", { 'graphql-require-preflight': '1' }, 200],
    ["Apollo's header", { 'apollo-require-preflight': '1' }, 200],
    ["the header of Apollo's mobile clients", { 'x-apollo-operation-name': 'Named' }, 200],
    ['the credentials that a browser adds', { authorization: 'Basic eDp5' }, 400],
    ['a negotiation that a browser adds', { authorization: 'Negotiate abc' }, 400],
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
    const query = '{ complianceManagementPartners { totalCount } }';
    const { status, result, text, headers } = await gateway.run(query);
    const requestId = headers['client-request-id'];
    expect([status, result]).toEqual([
      200,
      {
        data: { complianceManagementPartners: null },
        errors: [
          {
            message: expect.stringContaining('Internal error.'),
            locations: [{ line: 1, column: 3 }],
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
  async function start(answer: Answer) {
    const exporter = new InMemorySpanExporter();
    const spanProcessors = [new SimpleSpanProcessor({ exporter })];
    const provider = new TracerProvider({ sampler: new AlwaysOnSampler(), spanProcessors });
    const startTrace = createStartTrace(() => provider.getTracer('test'));
    const environment = { LIMIT_ANSWER_BYTES: '67108864' };
    const stage = await scripted(answer, environment, { startTrace });
    return {
      ...stage,
      requests: stage.gateway.measurements.requests,
      answered: () => stage.gateway.logged('Answered'),
      spans: () => exporter.getFinishedSpans(),
    };
  }

  /** Sends an operation and leaves once Graph was asked. */
  async function leaveEarly(
    { url }: TestGateway,
    { requests }: typeof graph,
    body: object,
  ): Promise<void> {
    const caller = await openConnection(url);
    caller.send(graphqlRequest(body, { Authorization: 'Bearer test-token' }));
    await until(() => requests.length === 1);
    caller.socket.resetAndDestroy();
  }

  const list = '{ complianceManagementPartners { totalCount } }';
  it.each<[string, unknown, Record<string, string>, object]>([
    [
      'a document that is none',
      { query: '{' },
      {},
      { status: 400, codes: ['GRAPHQL_PARSE_FAILED'] },
    ],
    [
      'an unknown field',
      { query: '{ nothing }' },
      {},
      { status: 400, codes: ['GRAPHQL_VALIDATION_FAILED'] },
    ],
    [
      'no token',
      { query: list },
      {},
      { status: 401, codes: ['UNAUTHENTICATED'], operationType: 'query' },
    ],
    ['a body that is none', '{"query":', {}, { status: 400 }],
    ['another type', 'query', { 'content-type': 'text/plain' }, { status: 415 }],
  ])('are one each for %s too', async (_what, body, headers, told) => {
    const { gateway, answered, requests, spans } = await start(silence);
    await gateway.post(body, { accept: 'application/graphql-response+json', ...headers });
    expect(answered()).toEqual([expect.objectContaining(told)]);
    expect([requests.length, spans().length]).toEqual([1, 1]);
  });

  it('are there without a span for what is no GraphQL request', async () => {
    const { gateway, answered, requests, spans } = await start(silence);
    await gateway.get('/livez');
    await gateway.get('/nowhere/4711?key=hunter2');
    expect(answered().map(({ url }) => url)).toEqual(['/livez', 'unknown']);
    expect(requests.map(({ route }) => route)).toEqual(['/livez', undefined]);
    expect(spans()).toEqual([]);
  });

  it('say that the caller left, without a status', async () => {
    const { graph, gateway, answered, requests, spans } = await start(silence);
    await leaveEarly(gateway, graph, { query: listQuery });
    await until(() => answered().length > 0);
    expect(answered()).toEqual([
      expect.objectContaining({ operationName: 'List', hasCallerLeft: true }),
    ]);
    expect(answered()[0]).not.toHaveProperty('status');
    expect(requests).toMatchObject([{ errorType: 'callerLeft', status: undefined }]);
    expect(spans().at(-1)?.attributes['error.type']).toBe('callerLeft');
  });

  it('wait for the end of a write when its caller left', async () => {
    let finish = (): void => undefined;
    const held: Answer = (response, request) => {
      const partner = { id: 'p', displayName: 'Fleet' };
      finish = () => json(201, partner)(response, request);
    };
    const { graph, gateway, answered } = await start(held);
    const variables = { input: { displayName: 'Fleet' } };
    await leaveEarly(gateway, graph, { query: addMutation, variables });
    await gateway.get('/livez');
    expect(answered().map(({ url }) => url)).toEqual(['/livez']);
    finish();
    await until(() => answered().length === 2);
    expect(answered()[1]).toMatchObject({
      operationType: 'mutation',
      hasCallerLeft: true,
      graphStatus: 201,
    });
  });

  it('are one each where the caller leaves in the middle of its own request', async () => {
    const { gateway, answered, requests } = await start(silence);
    const caller = await openConnection(gateway.url);
    caller.send(`${headOf('POST /graphql', 'content-length: 100', type)}{"query"`);
    await gateway.get('/livez');
    caller.socket.destroy();
    await until(() => answered().length === 2);
    expect(answered()[1]).toMatchObject({ url: '/graphql', hasCallerLeft: true });
    expect(requests).toHaveLength(2);
  });
});
