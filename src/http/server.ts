import type { BaseContext } from '@apollo/server';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Limits } from '../graphql/limits.ts';
import { RequestProblem } from '../graphql/problems.ts';
import {
  doubledHeaderBody,
  findDoubledHeader,
  readClientRequestId,
  readTraceparent,
} from '../graphql/requestHeaders.ts';
import { connectionOptions } from '../server/connections/connectionOptions.ts';
import { addNotFound } from '../server/http/addNotFound.ts';
import { addRoutes, type RouteParts } from '../server/http/addRoutes.ts';
import { answerHeaders } from '../server/http/answerHeaders.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { addArrivingBodies, createArrivingBodies } from './arrivingBodies.ts';
import { addConnectionFaults, answerClientError } from './connectionFaults.ts';
import { addConnectionBounds, type ConnectionParts } from './connections.ts';
import { addCors } from './cors.ts';
import type { Explorer } from './explorer.ts';
import { createFailureAnswer } from './failures.ts';
import { addJsonBody } from './jsonBody.ts';
import { addShedding, type SheddingParts } from './loadShedding.ts';
import { addRequestTelemetry, type RequestTelemetryParts } from './requestLog.ts';

export interface HttpServerParts<Context extends BaseContext>
  extends RouteParts<Context>,
    RequestTelemetryParts,
    SheddingParts,
    ConnectionParts {
  /** What `/` shows, if anything. */
  readonly explorer: Explorer | undefined;
  /** The origins whose pages may call from a browser. */
  readonly corsOrigins: readonly string[];
  readonly newId: () => string;
  readonly limits: Limits;
  readonly measurements: Measurements;
}

/** Builds the HTTP server with its routes; it does not listen yet. */
export async function createHttpServer<Context extends BaseContext>(
  parts: HttpServerParts<Context>,
): Promise<FastifyInstance> {
  const { phase, newId, limits, log } = parts;
  const answerFailure = createFailureAnswer(parts);
  const app = Fastify({
    bodyLimit: limits.bodyBytes,
    ...connectionOptions(parts.connections),
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    logger: false,
    frameworkErrors: answerBadPath,
    clientErrorHandler: (error, socket) => answerClientError(error, socket, parts),
    genReqId: ({ headers }) => readClientRequestId(headers) ?? newId(),
  });
  // Before anything is waited for: routes that are complete by then would keep the framework's own.
  app.setErrorHandler(answerFailure);

  addRequestTelemetry(app, parts);
  app.addHook('onRequest', async (request, reply) => {
    const traceparent = request.trail?.traceparent ?? readTraceparent(request.headers);
    reply.headers(answerHeaders).header('client-request-id', request.id);
    if (traceparent !== undefined) {
      reply.header('traceparent', traceparent);
    }
  });
  const markForOrigin = await addCors(app, parts.corsOrigins);
  addConnectionFaults(app, log);
  app.addHook('onRequest', async (request, reply) => {
    const doubled = findDoubledHeader(request.raw.rawHeaders);
    if (doubled !== undefined) {
      return reply.code(400).send(doubledHeaderBody(doubled));
    }
  });
  const arriving = createArrivingBodies(parts.connections.arriving, parts.clock);
  addShedding(app, parts, arriving);
  addConnectionBounds(app, parts, arriving);
  addArrivingBodies(app, arriving, parts);
  addNotFound(app);
  addJsonBody(app, parts);
  // Decided when the answer goes out: a connection whose request came before the stop must not be kept either.
  app.addHook('onSend', async (_request, reply) => {
    if (phase.current.name !== 'running') {
      reply.header('connection', 'close');
    }
  });
  addRoutes(app, parts);
  if (parts.explorer !== undefined) {
    const { addExplorer } = await import('./explorer.ts');
    await addExplorer(app, parts.explorer, newId);
  }
  return app;

  /** Comes before the hooks, so it does what they would have done. */
  function answerBadPath(_error: Error, request: FastifyRequest, reply: FastifyReply): void {
    reply.headers(answerHeaders).header('client-request-id', request.id);
    markForOrigin(request, reply);
    answerFailure(
      new RequestProblem(400, 'BAD_REQUEST', 'The path cannot be read.'),
      request,
      reply,
    );
    log.info('Answered', { requestId: request.id, method: request.method, status: 400 });
  }
}
