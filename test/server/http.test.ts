import { type AddressInfo, connect } from 'node:net';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { FastifyInstance } from 'fastify';
import { buildSchema, introspectionFromSchema, isObjectType } from 'graphql';
import { request } from 'undici';
import { createApollo } from '../../src/graphql/apollo.ts';
import {
  type ContextParts,
  createRequestContext,
  createRunningOperations,
} from '../../src/graphql/context.ts';
import { createDocumentStore } from '../../src/graphql/documentStore.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { GatewayError } from '../../src/partners/errors.ts';
import { createSeenPartnerIds } from '../../src/partners/seenPartnerIds.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { wholeLoop } from '../../src/shared/loopShare.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { createStartTrace, type StartTrace } from '../../src/telemetry/trace.ts';
import { addMutation, listQuery } from '../support/documents.ts';
import { doorParts } from '../support/doorParts.ts';
import { createTestClient, testLocks } from '../support/graphClients.ts';
import { recordingMeasurements } from '../support/measurements.ts';
import { graphqlRequest, openConnection } from '../support/rawConnection.ts';
import {
  type Answer,
  json,
  type ScriptedServer,
  silence,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { startTraceOfNobody } from '../support/traces.ts';
import { until } from '../support/until.ts';
import { usualDoor } from '../support/usualLimits.ts';

describe('http server', () => {
  let graph: ScriptedServer;
  let gateway: TestGateway;

  beforeAll(async () => {
    graph = await startScriptedServer(json(200, { value: [] }));
    gateway = await startTestGateway({ GRAPH_BASE_URL: graph.url.href });
  });

  afterAll(async () => {
    await gateway.stop(0);
    await graph.close();
  });

  const typename = JSON.stringify({ query: '{ __typename }' });
  const asJson = { 'content-type': 'application/json' };

  /** Sends bytes as they are and gives everything that comes back until the connection ends. */
  async function sendRaw(text: string): Promise<string> {
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    socket.end(text);
    let received = '';
    for await (const chunk of socket) {
      received += String(chunk);
    }
    return received;
  }

  describe('the HTTP server', () => {
    it('says that it lives and takes requests, without asking Graph', async () => {
      const [live, ready] = [await gateway.get('/livez'), await gateway.get('/readyz')];
      expect([live.status, live.text]).toEqual([200, '{"status":"alive"}']);
      expect([ready.status, ready.text]).toEqual([200, '{"status":"running"}']);
      expect(graph.requests).toEqual([]);
    });

    it('serves the whole schema as text', async () => {
      const { status, headers, text } = await gateway.get('/schema.graphql');
      expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
      const schema = buildSchema(text);
      expect(isObjectType(schema.getType('ComplianceManagementPartner'))).toBe(true);
      expect(introspectionFromSchema(schema).__schema.mutationType?.name).toBe('Mutation');
    });

    it.each<[string, string, number, string]>([
      ['a path that is not there', '/nothing', 404, 'NOT_FOUND'],
      ['a path with a query that is not there', '/nothing?x=1', 404, 'NOT_FOUND'],
      ['a path that cannot be decoded', '/%zz', 400, 'BAD_REQUEST'],
    ])('answers %s in JSON', async (_what, path, status, code) => {
      const answer = await gateway.get(path);
      expect([answer.status, answer.headers['content-type']]).toEqual([
        status,
        'application/json; charset=utf-8',
      ]);
      expect(JSON.parse(answer.text)).toMatchObject({ errors: [{ extensions: { code } }] });
    });

    it.each<[string, string, Record<string, string>, number, string]>([
      ['no JSON', '{"query":', asJson, 400, 'BAD_REQUEST'],
      [
        'another media type',
        typename,
        { 'content-type': 'text/plain' },
        415,
        'UNSUPPORTED_MEDIA_TYPE',
      ],
      ['XML', '<query/>', { 'content-type': 'application/xml' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
      [
        'more than 64 KiB',
        JSON.stringify({ query: '{ __typename }', padding: 'x'.repeat(65_536) }),
        asJson,
        413,
        'REQUEST_TOO_LARGE',
      ],
    ])('refuses a body of %s', async (_what, body, headers, status, code) => {
      const answer = await gateway.post(body, headers);
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.text)).toMatchObject({ errors: [{ extensions: { code } }] });
    });

    describe.each<[string, number, string, string | undefined]>([
      ['/graphql', 405, 'METHOD_NOT_ALLOWED', 'GET, POST'],
      ['/livez', 405, 'METHOD_NOT_ALLOWED', 'GET, HEAD'],
      ['/nothing', 404, 'NOT_FOUND', undefined],
    ])('asked for %s in a way that it does not have', (path, status, code, allow) => {
      it.each<[string, string, string]>([
        ['without a body', '', ''],
        ['with an empty body of JSON', 'Content-Type: application/json\r\n', ''],
        [
          'with half a body of JSON',
          'Content-Type: application/json\r\nContent-Length: 2\r\n',
          '{"',
        ],
        ['with a body of no type', 'Content-Length: 2\r\n', '{}'],
        ['with a body of a broken type', 'Content-Type: /;\r\nContent-Length: 2\r\n', '{}'],
        ['with a compressed body', 'Content-Encoding: gzip\r\nContent-Length: 2\r\n', '{}'],
      ])('says so, %s', async (_what, headers, body) => {
        for (const method of ['DELETE', 'PATCH', 'PUT', 'QUERY', 'REPORT']) {
          const answer = await sendRaw(
            `${method} ${path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n${headers}\r\n${body}`,
          );
          expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
          expect(answer).toContain(`"${code}"`);
          expect(/^allow: (.*)\r$/im.exec(answer)?.[1]).toBe(allow);
        }
      });
    });

    it('tells of a path that is not there before what is wrong with the body for it', async () => {
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
      const { statusCode, body } = await request(`${gateway.url}/nothing`, {
        method: 'POST',
        headers,
        body: 'x'.repeat(100_000),
      });
      expect([statusCode, await body.text()]).toEqual([404, expect.stringContaining('NOT_FOUND')]);
    });

    it('takes the next request of a connection whose last one it did not read', async () => {
      const text = 'x'.repeat(100_000);
      const answers = await sendRaw(
        `PUT /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Length: ${text.length}\r\n\r\n${text}` +
          'GET /livez HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n',
      );
      expect(answers.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 405', 'HTTP/1.1 200']);
    });

    it('gives no request without a preflight a way to the schema', async () => {
      const { status, text } = await gateway.get('/graphql?query=%7B__typename%7D');
      expect(status).toBe(400);
      expect(JSON.parse(text).errors).toEqual([
        {
          message: expect.stringContaining('Send the header "graphql-require-preflight: true"'),
          extensions: { code: 'BAD_REQUEST' },
        },
      ]);
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

    it('runs queries, and no mutation, by GET', async () => {
      const preflight = { 'apollo-require-preflight': 'true' };
      const query = await gateway.get('/graphql?query=%7B__typename%7D', preflight);
      expect([query.status, query.text.trim()]).toEqual([200, '{"data":{"__typename":"Query"}}']);
      const mutation = await gateway.get('/graphql?query=mutation%7B__typename%7D', preflight);
      expect([mutation.status, mutation.headers['allow']]).toEqual([405, 'POST']);
      expect(JSON.parse(mutation.text).errors).toEqual([
        {
          message: expect.stringMatching(/GET .* query .* not mutation/),
          extensions: { code: 'METHOD_NOT_ALLOWED' },
        },
      ]);
    });

    it("repeats the caller's id and trace, and makes an id where there is none that is fit", async () => {
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
      const own = await gateway.get('/livez', { 'client-request-id': 'mine.1', traceparent });
      expect(own.headers).toMatchObject({ 'client-request-id': 'mine.1', traceparent });
      const unfit = await gateway.get('/livez', {
        'client-request-id': 'two words',
        traceparent: '00-0-0-0',
      });
      expect(unfit.headers['client-request-id']).toMatch(/^id-\d+$/);
      expect(unfit.headers['traceparent']).toBeUndefined();
    });

    it('logs one line for each request, without what it carried', async () => {
      const before = gateway.logLines.length;
      await gateway.get('/nothing?secret=1', { 'client-request-id': 'logged' });
      const lines = gateway.logLines.slice(before).map((line) => JSON.parse(line));
      expect(lines).toEqual([
        expect.objectContaining({
          message: 'Answered',
          requestId: 'logged',
          method: 'GET',
          url: 'unknown',
          status: 404,
        }),
      ]);
    });

    it('names neither its maker nor its version', async () => {
      const { headers } = await gateway.get('/livez');
      expect(headers).not.toHaveProperty('server');
      expect(headers).not.toHaveProperty('x-powered-by');
    });
  });

  describe('introspection', () => {
    const introspection = { query: '{ __schema { queryType { name } } }' };

    it('is there for developers', async () => {
      const { status, text } = await gateway.post(introspection);
      expect([status, text.trim()]).toEqual([
        200,
        '{"data":{"__schema":{"queryType":{"name":"Query"}}}}',
      ]);
    });

    it('is not there in production', async () => {
      const production = await startTestGateway({
        NODE_ENV: 'production',
        GRAPH_BASE_URL: graph.url.href,
      });
      const { status, text } = await production.post(introspection);
      await production.stop(0);
      expect(status).toBe(400);
      expect(text).toContain('introspection');
    });
  });
});

describe('masking', () => {
  const secret = 'connect to https://user:hunter2@internal.example failed';
  const logLines: string[] = [];
  let app: FastifyInstance;
  const client = createTestClient(new URL('http://127.0.0.1:1'));

  beforeAll(async () => {
    const log = createLogger('debug', { write: (line) => logLines.push(line) });
    const sdl = 'type Query { bug: Int! told: Int fine: Int }';
    const schema = makeExecutableSchema({
      typeDefs: sdl,
      resolvers: {
        Query: {
          bug: () => {
            throw new TypeError(secret);
          },
          told: () => {
            throw new GatewayError('THROTTLED', 'Slow down.', { retryAfterSeconds: 4 });
          },
          fine: () => 1,
        },
      },
    });
    const documents = createDocumentStore(65_536);
    const apollo = createApollo({
      schema,
      introspection: true,
      documents,
      loopShare: wholeLoop,
      log,
      ...usualDoor,
    });
    await apollo.start();
    const contextParts: ContextParts = {
      graph: client.graph,
      apiVersion: 'beta',
      operationTimeoutMs: 1000,
      maximumRows: 1000,
      maximumListBytes: 1_000_000,
      locks: testLocks(),
      seenPartnerIds: createSeenPartnerIds(),
      operations: createRunningOperations(),
      loopShare: wholeLoop,
      shutdown: new AbortController().signal,
      authorizer: undefined,
      isTokenAccepted: () => false,
      authMode: 'PASSTHROUGH',
      clock: systemClock,
    };
    app = await createHttpServer({
      ...usualDoor,
      ...doorParts,
      apollo,
      contextOf: async (request, reply) => createRequestContext(contextParts, request, reply),
      sdl,
      phase: { current: { name: 'running' } },
      canJudgeCallers: () => true,
      explorer: undefined,
      corsOrigins: [],
      newId: () => 'request-7',
      log,
      startTrace: startTraceOfNobody,
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
  });

  afterAll(async () => {
    await app.close();
    await client.close();
  });

  async function ask(query: string) {
    const { port } = app.server.address() as AddressInfo;
    const { statusCode, headers, body } = await request(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: {
        authorization: 'Bearer token',
        'content-type': 'application/json',
        connection: 'close',
      },
      body: JSON.stringify({ query }),
    });
    const text = await body.text();
    return { statusCode, headers, text, json: JSON.parse(text) };
  }

  describe('an error that nobody foresaw', () => {
    it('is masked, with the request id by which its reason is found in the log', async () => {
      const answer = await ask('{ bug }');
      expect(answer.statusCode).toBe(200);
      expect(answer.json).toEqual({
        data: null,
        errors: [
          {
            message: expect.stringContaining('Something went wrong inside the gateway.'),
            locations: [{ line: 1, column: 3 }],
            path: ['bug'],
            extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'request-7' },
          },
        ],
      });
      const line = logLines.find((candidate) =>
        candidate.includes('A resolver failed unexpectedly'),
      );
      expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 'error', requestId: 'request-7' });
    });

    it('quotes nothing, in the answer or in the log', async () => {
      const { text } = await ask('{ bug }');
      expect(`${text}${logLines.join()}`).not.toMatch(/hunter2|internal\.example/);
    });
  });

  describe("the gateway's own errors", () => {
    it('are told as they are', async () => {
      const answer = await ask('{ told }');
      expect(answer.statusCode).toBe(200);
      expect(answer.json).toMatchObject({
        data: { told: null },
        errors: [{ message: 'Slow down.', extensions: { code: 'THROTTLED' } }],
      });
    });

    it('leave the status alone where a part succeeded', async () => {
      const answer = await ask('{ told fine }');
      expect(answer.statusCode).toBe(200);
      expect(answer.json.data).toEqual({ told: null, fine: 1 });
    });
  });
});

describe('request telemetry', () => {
  /** Traces whose spans are kept in memory, as they were written: nothing stands before them that would redact. */
  function recordingTraces(
    sampler: Sampler = new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  ): {
    readonly startTrace: StartTrace;
    spans(): readonly ReadableSpan[];
  } {
    const exporter = new InMemorySpanExporter();
    const spanProcessors = [new SimpleSpanProcessor({ exporter })];
    const provider = new TracerProvider({ sampler, spanProcessors });
    return {
      startTrace: createStartTrace(provider.getTracer('test')),
      spans: () => exporter.getFinishedSpans(),
    };
  }

  const toClose: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const close of toClose.splice(0)) {
      await close();
    }
  });

  async function start(...script: Answer[]) {
    const graph = await startScriptedServer(...script);
    const measurements = recordingMeasurements();
    const traces = recordingTraces();
    const gateway = await startTestGateway(
      { GRAPH_BASE_URL: graph.url.href, LIMIT_ANSWER_BYTES: '67108864' },
      { measurements, startTrace: traces.startTrace },
    );
    toClose.push(() => gateway.stop(0), graph.close);
    return { graph, gateway, measurements, spans: traces.spans };
  }

  const answeredIn = ({ logLines }: TestGateway): readonly Record<string, unknown>[] =>
    logLines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ message }) => message === 'Answered');

  /** Sends an operation and leaves once Graph was asked. */
  async function leaveEarly(
    gateway: TestGateway,
    graph: ScriptedServer,
    query: string,
    variables: object = {},
  ): Promise<void> {
    const caller = await openConnection(gateway.url);
    caller.send(graphqlRequest({ query, variables }, { Authorization: 'Bearer test-token' }));
    await until(() => graph.requests.length === 1);
    caller.socket.resetAndDestroy();
  }

  describe('the line, the measurement and the span of a request', () => {
    it('are one each, and say what was asked and what came of it', async () => {
      const { gateway, measurements, spans } = await start(json(200, { value: [] }));
      await gateway.run(listQuery);
      expect(answeredIn(gateway)).toMatchObject([
        { operationType: 'query', operationName: 'List', status: 200, graphStatus: 200 },
      ]);
      expect(answeredIn(gateway)[0]).not.toHaveProperty('codes');
      expect(measurements.requests).toMatchObject([
        { method: 'POST', route: '/graphql', status: 200, operationType: 'query' },
      ]);
      expect(spans().map(({ name }) => name)).toContain('query');
    });

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
        { query: '{ complianceManagementPartners { totalCount } }' },
        {},
        { status: 401, codes: ['UNAUTHENTICATED'], operationType: 'query' },
      ],
      ['a body that is none', '{"query":', {}, { status: 400 }],
      ['another type', 'query', { 'content-type': 'text/plain' }, { status: 415 }],
    ])('are one each for %s too', async (_what, body, headers, told) => {
      const { gateway, measurements, spans } = await start(silence);
      await gateway.post(body, { accept: 'application/graphql-response+json', ...headers });
      expect(answeredIn(gateway)).toEqual([expect.objectContaining(told)]);
      expect(measurements.requests).toHaveLength(1);
      expect(spans()).toHaveLength(1);
    });

    it('are there without a span for what is no GraphQL request', async () => {
      const { gateway, measurements, spans } = await start(silence);
      await gateway.get('/livez');
      await gateway.get('/nowhere/4711?key=hunter2');
      expect(answeredIn(gateway).map(({ url }) => url)).toEqual(['/livez', 'unknown']);
      expect(measurements.requests.map(({ route }) => route)).toEqual(['/livez', undefined]);
      expect(spans()).toEqual([]);
    });

    it('say that the caller left, and nothing of a status that nobody got', async () => {
      const { graph, gateway, measurements, spans } = await start(silence);
      await leaveEarly(gateway, graph, listQuery);
      await until(() => answeredIn(gateway).length > 0);
      expect(answeredIn(gateway)).toEqual([
        expect.objectContaining({ operationName: 'List', hasCallerLeft: true }),
      ]);
      expect(answeredIn(gateway)[0]).not.toHaveProperty('status');
      expect(measurements.requests).toMatchObject([{ errorType: 'callerLeft', status: undefined }]);
      expect(spans().at(-1)?.attributes['error.type']).toBe('callerLeft');
    });

    it('wait for a write that is finished for nobody, and say how it ended', async () => {
      let finish = (): void => undefined;
      const held: Answer = (response, request) => {
        const partner = { id: 'p', displayName: 'Fleet' };
        finish = () => json(201, partner)(response, request);
      };
      const { graph, gateway } = await start(held);
      await leaveEarly(gateway, graph, addMutation, { input: { displayName: 'Fleet' } });
      await gateway.get('/livez');
      expect(answeredIn(gateway).map(({ url }) => url)).toEqual(['/livez']);
      finish();
      await until(() => answeredIn(gateway).length === 2);
      expect(answeredIn(gateway)[1]).toMatchObject({
        operationType: 'mutation',
        hasCallerLeft: true,
        graphStatus: 201,
      });
    });

    it('are one each where the caller leaves in the middle of its own request', async () => {
      const { gateway, measurements } = await start(silence);
      const { hostname, port } = new URL(gateway.url);
      const socket = connect(Number(port), hostname);
      const head = 'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n';
      await new Promise((resolve) =>
        socket.write(`${head}content-type: application/json\r\n\r\n{"query"`, resolve),
      );
      await gateway.get('/livez');
      socket.destroy();
      await until(() => answeredIn(gateway).length === 2);
      expect(answeredIn(gateway)[1]).toMatchObject({ url: '/graphql', hasCallerLeft: true });
      expect(measurements.requests).toHaveLength(2);
    });

    it('say so as well where the caller leaves in the middle of its answer', async () => {
      // Twenty of them are more than all buffers of the system between two sockets take.
      const partner = { id: 'p', displayName: 'x'.repeat(800_000) };
      const { gateway, measurements } = await start(json(200, partner));
      const fields = Array.from({ length: 20 }, (_, index) => `n${index}: displayName`).join(' ');
      const caller = await openConnection(gateway.url);
      caller.socket.pause();
      caller.send(
        graphqlRequest({ query: `{ complianceManagementPartner(id: "p") { ${fields} } }` }),
      );
      await until(() => gateway.logLines.some((line) => line.includes('Microsoft Graph answered')));
      await gateway.get('/livez');
      caller.socket.resetAndDestroy();
      await until(() => answeredIn(gateway).length === 2);
      expect(answeredIn(gateway)[1]).toMatchObject({ url: '/graphql', hasCallerLeft: true });
      expect(answeredIn(gateway)[1]).not.toHaveProperty('status');
      expect(measurements.requests).toMatchObject([
        { route: '/livez', status: 200 },
        { route: '/graphql', status: undefined, errorType: 'callerLeft' },
      ]);
    });

    it('cannot be forged by what a caller writes', async () => {
      const { gateway } = await start(json(200, { value: [] }));
      const forged = '\n{"level":"info","message":"Answered","forged":true}\r\n\u2028\u009b2J';
      const query = `# ${forged.replaceAll('\n', ' ')}\nquery List { complianceManagementPartners(after: ${JSON.stringify(forged)}) { totalCount } }`;
      await gateway.post({ query, operationName: forged, variables: { [forged]: forged } });
      await gateway.post({ query, operationName: 'List' }, { 'x-request-id': 'a forged' });
      const text = gateway.logLines.join('');
      expect(text.trimEnd().split('\n')).toHaveLength(gateway.logLines.length);
      expect(text).not.toContain('forged');
      expect(text).not.toMatch(/[^\n\x20-\x7e]/);
    });
  });
});
