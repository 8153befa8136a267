import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Limits } from '../config/http.ts';
import { findDuplicateHeader, readClientRequestId, readTraceparent } from '../graphql/context.ts';
import { problemOf, RequestProblem } from '../graphql/errorFormat.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { addArrivingBodies, createArrivingBodies } from './arrivingBodies.ts';
import { addConnectionFaults, answerClientError } from './connectionFaults.ts';
import { addConnectionBounds, type ConnectionParts, connectionOptions } from './connections.ts';
import { addCors } from './cors.ts';
import type { Explorer } from './explorer.ts';
import { answerHeaders, createFailureAnswer } from './failures.ts';
import {
  createGraphQLHandler,
  type FinishableContext,
  type GraphQLHandlerParts,
} from './graphqlRoute.ts';
import { addJsonBody } from './jsonBody.ts';
import { addShedding, type SheddingParts } from './loadShedding.ts';
import { addRequestTelemetry, type RequestTelemetryParts } from './requestLog.ts';

interface HttpServerParts<Context extends FinishableContext>
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
export async function createHttpServer<Context extends FinishableContext>(
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
    schemaController: { compilersFactory: noSchemas },
    frameworkErrors: answerBadPath,
    clientErrorHandler: (error, socket) => answerClientError(error, socket, parts),
    genReqId: ({ headers }) => readClientRequestId(headers) ?? newId(),
  });
  // Before anything is waited for: routes that are complete by then would keep the framework's own.
  app.setErrorHandler(answerFailure);

  addRequestTelemetry(app, parts);
  app.addHook('onRequest', (request, reply, done) => {
    const traceparent = request.trace
      ? request.trace.traceparent
      : readTraceparent(request.headers);
    reply.headers(answerHeaders).header('client-request-id', request.id);
    if (traceparent !== undefined) {
      reply.header('traceparent', traceparent);
    }
    done();
  });
  const markForOrigin = await addCors(app, parts.corsOrigins);
  addConnectionFaults(app, log);
  app.addHook('onRequest', (request, reply, done) => {
    const problem = findDuplicateHeader(request.raw.rawHeaders);
    if (problem === undefined) {
      done();
    } else {
      reply.code(400).send(problem);
    }
  });
  const arriving = createArrivingBodies(parts.connections.arriving, parts.clock);
  addShedding(app, parts, arriving);
  addConnectionBounds(app, parts, arriving);
  addArrivingBodies(app, arriving, parts);
  addNotFound(app);
  addJsonBody(app, parts);
  // Decided when the answer goes out: a connection whose request came before the stop must not be kept either.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (phase.current.name !== 'running') {
      reply.header('connection', 'close');
    }
    done();
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

/** No route has a schema: bodies are judged by GraphQL. Without these, Fastify loads two compilers of 5 MiB. */
const noSchemas = {
  buildValidator: () => () => {
    throw new Error('Routes have no schemas here');
  },
  buildSerializer: () => () => {
    throw new Error('Routes have no schemas here');
  },
};

interface RouteParts<Context extends FinishableContext> extends GraphQLHandlerParts<Context> {
  readonly sdl: string;
  readonly phase: PhaseHolder;
  readonly explorer: Explorer | undefined;
  /** Whether the keys are there with which callers' tokens are checked. */
  readonly canJudgeCallers: () => boolean;
}

/** Adds all that is answered but the explorer. */
function addRoutes<Context extends FinishableContext>(
  app: FastifyInstance,
  parts: RouteParts<Context>,
): void {
  const { sdl, phase, canJudgeCallers } = parts;
  const answer = createGraphQLHandler(parts);
  app.route({
    url: '/graphql',
    method: ['GET', 'POST'],
    handler: (request, reply) =>
      parts.explorer !== undefined && isPageVisit(request)
        ? reply.header('vary', 'accept').redirect('/')
        : answer(request, reply),
  });
  app.get('/livez', async () => ({ status: 'alive' }));
  app.get('/readyz', async (_request, reply) => {
    const { status, body } = readinessOf(phase.current, canJudgeCallers());
    return reply.code(status).send(body);
  });
  app.get('/schema.graphql', async (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send(sdl),
  );
}

/** Whether a browser opens the endpoint: it accepts a page and sends no query. */
function isPageVisit({ method, headers, url }: FastifyRequest): boolean {
  const parameters = new URLSearchParams(url.split('?')[1]);
  return (
    (method === 'GET' || method === 'HEAD') &&
    /(?:^|,)\s*text\/html\s*(?:[;,]|$)/i.test(headers.accept ?? '') &&
    !['query', 'documentId', 'extensions'].some((name) => parameters.has(name))
  );
}

/**
 * Answers where there is nothing, or nothing for this method. Comes before anything that judges or reads a body, or the
 * body's faults would be told instead.
 */
function addNotFound(app: FastifyInstance): void {
  const answer = (request: FastifyRequest, reply: FastifyReply): void => {
    const url = request.url.split('?', 1)[0] ?? '';
    if (!app.hasRoute({ url, method: 'GET' })) {
      reply.code(404).send(problemOf(404).body);
      return;
    }
    const [allow, words] =
      url === '/graphql' ? ['GET, POST', undefined] : ['GET, HEAD', 'Use GET or HEAD.'];
    reply.code(405).header('allow', allow).send(problemOf(405, words).body);
  };
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) {
      answer(request, reply);
    } else {
      done();
    }
  });
  app.setNotFoundHandler(answer);
}

/** Where the gateway is in its life. */
type Phase =
  | { readonly name: 'starting' }
  | { readonly name: 'running' }
  | { readonly name: 'draining'; readonly sinceMs: number }
  | { readonly name: 'stopped' };

/** The current phase, shared by those that answer for it. */
export interface PhaseHolder {
  current: Phase;
}

/**
 * What `/readyz` says in a phase. It never depends on Graph, because an outage there must not
 * take every replica away; but who cannot judge callers lets none in.
 */
function readinessOf(
  phase: Phase,
  canJudgeCallers: boolean,
): {
  readonly status: 200 | 503;
  readonly body: { readonly status: string };
} {
  if (phase.name === 'running' && !canJudgeCallers) {
    return { status: 503, body: { status: 'waiting for the keys of callers' } };
  }
  return { status: phase.name === 'running' ? 200 : 503, body: { status: phase.name } };
}
