import { type AddressInfo, connect } from 'node:net';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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
import { createSeenPartnerIds } from '../../src/partners/unclearAdd.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { wholeLoop } from '../../src/shared/loopShare.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import type { StartTrace } from '../../src/telemetry/requestTrace.ts';
import { createStartTrace } from '../../src/telemetry/trace.ts';
import { useClosing } from '../support/closing.ts';
import { addMutation, listQuery } from '../support/documents.ts';
import { doorParts } from '../support/doorParts.ts';
import { createPartnerClient, testIdempotency, testLocks } from '../support/graphClients.ts';
import { recordingMeasurements } from '../support/measurements.ts';
import { graphqlRequest, openConnection } from '../support/rawConnection.ts';
import {
  type Answer,
  json,
  type ScriptedServer,
  silence,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import { startScripted, startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { startTraceOfNobody } from '../support/traces.ts';
import { until } from '../support/until.ts';
import { usualDoor } from '../support/usualLimits.ts';

describe('http server', () => {
  let graph: ScriptedServer;
  let gateway: TestGateway;

  const closeLater = useClosing(afterAll);
  beforeAll(async () => {
    ({ graph, gateway } = await startScripted(closeLater, [json(200, { value: [] })]));
  });

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
});

describe('masking', () => {
  const secret = 'connect to https://user:hunter2@internal.example failed';
  const logLines: string[] = [];
  let app: FastifyInstance;
  const client = createPartnerClient(new URL('http://127.0.0.1:1'));

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
      idempotency: testIdempotency(),
      seenPartnerIds: createSeenPartnerIds(),
      operations: createRunningOperations(),
      loopShare: wholeLoop,
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

  describe('an unexpected error', () => {
    it('is masked, with the request id by which its reason is found in the log', async () => {
      const answer = await ask('{ bug }');
      expect(answer.statusCode).toBe(200);
      expect(answer.json).toEqual({
        data: null,
        errors: [
          {
            message: expect.stringContaining('Internal error.'),
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
      startTrace: createStartTrace(() => provider.getTracer('test')),
      spans: () => exporter.getFinishedSpans(),
    };
  }

  const closeLater = useClosing();

  async function start(...script: Answer[]) {
    const graph = await startScriptedServer(...script);
    const measurements = recordingMeasurements();
    const traces = recordingTraces();
    const gateway = await startTestGateway(
      { GRAPH_BASE_URL: graph.url.href, LIMIT_ANSWER_BYTES: '67108864' },
      { measurements, startTrace: traces.startTrace },
    );
    closeLater(() => gateway.stop(0), graph.close);
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

    it('say that the caller left, without a status', async () => {
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

    it('wait for the end of a write when its caller left', async () => {
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
  });
});
