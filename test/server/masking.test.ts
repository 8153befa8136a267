import type { AddressInfo } from 'node:net';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { request } from 'undici';
import { systemClock } from '../../src/clock.ts';
import { wholeLoop } from '../../src/loopShare.ts';
import { GatewayError } from '../../src/resolvers/gatewayError.ts';
import { createKnownPartnerIds } from '../../src/resolvers/knownPartnerIds.ts';
import { createApollo } from '../../src/server/apollo.ts';
import { type ContextParts, createRequestContext } from '../../src/server/createRequestContext.ts';
import { createDocumentStore } from '../../src/server/documentStore.ts';
import { createHttpServer } from '../../src/server/httpServer.ts';
import { createRunningOperations } from '../../src/server/runningOperations.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { doorParts } from '../support/doorParts.ts';
import { createTestClient, testLocks } from '../support/graphClients.ts';
import { startTrailOfNobody } from '../support/trails.ts';
import { usualDoor } from '../support/usualLimits.ts';

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
    knownIds: createKnownPartnerIds(),
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
    startTrail: startTrailOfNobody,
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
    const line = logLines.find((candidate) => candidate.includes('A resolver failed unexpectedly'));
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
