import type { BaseContext } from '@apollo/server';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Measurements } from '../telemetry/measurements.ts';
import { doubledHeaderBody, findDoubledHeader } from './doubledHeader.ts';
import { addJsonBody } from './http/addJsonBody.ts';
import { createFailureAnswer } from './http/failureAnswer.ts';
import { createGraphQLHandler, type GraphQLHandlerParts } from './http/graphqlHandler.ts';
import type { Limits } from './limits/limits.ts';
import { type PhaseHolder, readinessOf } from './phase.ts';
import { problemOf } from './problemBody.ts';
import { readClientRequestId, readTraceparent } from './requestIdentity.ts';
import { addRequestTelemetry, type RequestTelemetryParts } from './telemetry/requestTelemetry.ts';

const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;

export interface HttpServerParts<Context extends BaseContext>
  extends GraphQLHandlerParts<Context>,
    RequestTelemetryParts {
  readonly sdl: string;
  readonly phase: PhaseHolder;
  /** Whether the keys are there with which callers' tokens are checked. */
  readonly canJudgeCallers: () => boolean;
  readonly newId: () => string;
  readonly limits: Limits;
  readonly measurements: Measurements;
}

/** Builds the HTTP server with its routes; it does not listen yet. */
export function createHttpServer<Context extends BaseContext>(
  parts: HttpServerParts<Context>,
): FastifyInstance {
  const { sdl, phase, newId, limits } = parts;
  const answerFailure = createFailureAnswer(parts);
  const app = Fastify({
    bodyLimit: limits.bodyBytes,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    logger: false,
    frameworkErrors: answerFailure,
    genReqId: ({ headers }) => readClientRequestId(headers) ?? newId(),
  });
  app.server.headersTimeout = headersTimeoutMs;

  addRequestTelemetry(app, parts);
  app.addHook('onRequest', async (request, reply) => {
    const traceparent = request.trail?.traceparent ?? readTraceparent(request.headers);
    reply.header('client-request-id', request.id);
    if (traceparent !== undefined) {
      reply.header('traceparent', traceparent);
    }
    const doubled = findDoubledHeader(request.raw.rawHeaders);
    if (doubled !== undefined) {
      return reply.code(400).send(doubledHeaderBody(doubled));
    }
  });
  addJsonBody(app, parts);
  // Decided when the answer goes out: a connection whose request came before the stop must not be kept either.
  app.addHook('onSend', async (_request, reply) => {
    if (phase.current.name !== 'running') {
      reply.header('connection', 'close');
    }
  });
  app.route({
    url: '/graphql',
    method: ['GET', 'POST'],
    handler: createGraphQLHandler(parts),
  });
  app.get('/livez', async () => ({ status: 'alive' }));
  app.get('/readyz', async (_request, reply) => {
    const { status, body } = readinessOf(phase.current, parts.canJudgeCallers());
    return reply.code(status).send(body);
  });
  app.get('/schema.graphql', async (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send(sdl),
  );

  app.setNotFoundHandler(async (request, reply) => {
    const isGraphQL = request.url.split('?', 1)[0] === '/graphql';
    const { status, body } = problemOf(isGraphQL ? 405 : 404);
    if (isGraphQL) {
      reply.header('allow', 'GET, POST');
    }
    return reply.code(status).send(body);
  });
  app.setErrorHandler(answerFailure);
  return app;
}
