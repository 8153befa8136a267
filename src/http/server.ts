import { Readable } from 'node:stream';
import { type ApolloServer, type BaseContext, HeaderMap } from '@apollo/server';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { FormattedExecutionResult } from 'graphql';
import type { Config } from '../config/config.ts';
import type { createAdmission } from '../graphql/admission.ts';
import { findDuplicateHeader, readClientRequestId, readTraceparent } from '../graphql/context.ts';
import { problemOf } from '../graphql/errorFormat.ts';
import type { Clock } from '../shared/clock.ts';
import type { InexactNumber } from '../shared/json.ts';
import { laterTurn } from '../shared/loopShare.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import type { StartTrace } from '../telemetry/trace.ts';
import { addConnectionBounds, connectionOptions, createArrivingBodies } from './connections.ts';
import { addCors } from './cors.ts';
import {
  addConnectionFaults,
  answerClientError,
  answerHeaders,
  badRequest,
  createFailureAnswer,
} from './failures.ts';
import { addJsonBody } from './jsonBody.ts';
import { addShedding } from './loadShedding.ts';
import { addRequestTelemetry } from './requestLog.ts';

interface FinishableContext extends BaseContext {
  /** Ends what the context holds; it may be called more than once. */
  readonly finish?: () => void;
}

interface HttpServerParts<Context extends FinishableContext>
  extends Pick<
    Config,
    'apiVersion' | 'connections' | 'corsOrigins' | 'explorer' | 'limits' | 'shedding' | 'upstream'
  > {
  readonly apollo: ApolloServer<Context>;
  readonly admit: ReturnType<typeof createAdmission>;
  contextOf(
    request: FastifyRequest,
    reply: FastifyReply,
    inexactVariables: readonly InexactNumber[],
  ): Promise<Context>;
  readonly sdl: string;
  readonly phase: PhaseHolder;
  /** Whether the keys are there with which callers' tokens are checked. */
  readonly canJudgeCallers: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly measurements: Measurements;
  readonly startTrace: StartTrace;
  readonly newId: () => string;
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
  app.addHook('onRequest', ({ id, trace, headers }, reply, done) => {
    const traceparent = trace ? trace.traceparent : readTraceparent(headers);
    reply.headers(answerHeaders).header('client-request-id', id);
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
  addNotFound(app);
  addJsonBody(app, parts);
  // Decided when the answer goes out: a connection whose request came before the stop must not be kept either.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (phase.current !== 'running') {
      reply.header('connection', 'close');
    }
    done();
  });
  addRoutes(app, parts);
  if (parts.explorer !== 'off') {
    const { addExplorer } = await import('./explorer.ts');
    await addExplorer(app, parts, newId);
  }
  return app;

  /** Comes before the hooks, so it does what they would have done. */
  function answerBadPath(_error: Error, request: FastifyRequest, reply: FastifyReply): void {
    reply.headers(answerHeaders).header('client-request-id', request.id);
    markForOrigin(request, reply);
    answerFailure(badRequest('The path cannot be read.'), request, reply);
    log.info('Answered', { requestId: request.id, method: request.method, status: 400 });
  }
}

const noCompiler = () => () => {
  throw new Error('Routes have no schemas here');
};
/** No route has a schema: bodies are judged by GraphQL. Without these, Fastify loads two compilers of 5 MiB. */
const noSchemas = { buildValidator: noCompiler, buildSerializer: noCompiler };

/** Adds all that is answered but the explorer. */
function addRoutes<Context extends FinishableContext>(
  app: FastifyInstance,
  parts: HttpServerParts<Context>,
): void {
  const { sdl, phase, canJudgeCallers } = parts;
  const answer = createGraphQLHandler(parts);
  app.route({
    url: '/graphql',
    method: ['GET', 'POST'],
    handler: (request, reply) =>
      parts.explorer !== 'off' && isPageVisit(request)
        ? reply.header('vary', 'accept').redirect('/')
        : answer(request, reply),
  });
  app.get('/livez', async () => ({ status: 'alive' }));
  // Never depends on Graph: an outage there must not take every replica away.
  app.get('/readyz', async (_request, reply) => {
    const isRunning = phase.current === 'running';
    // Who cannot judge callers lets none in.
    const isReady = isRunning && canJudgeCallers();
    const status = isRunning && !isReady ? 'waiting for the keys of callers' : phase.current;
    return reply.code(isReady ? 200 : 503).send({ status });
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

/** The phase of the gateway's life, shared by all that answers for it. */
export interface PhaseHolder {
  current: 'starting' | 'running' | 'draining' | 'stopped';
}

/** Hands a request to the GraphQL server and its answer back; all rules are elsewhere. */
function createGraphQLHandler<Context extends FinishableContext>(parts: HttpServerParts<Context>) {
  const { apollo, admit, contextOf } = parts;
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { id, method, body: sent, inexactNumbers } = request;
    const search = searchOf(request.url);
    const admitted = admit({ id, method, body: sent, search, inexactNumbers });
    let context: Context | undefined;
    const { status, headers, body } = await apollo
      .executeHTTPGraphQLRequest({
        httpGraphQLRequest: {
          method,
          headers: headersOf(request),
          search: admitted.search,
          body: admitted.body,
        },
        context: async () => {
          context = await contextOf(request, reply, admitted.inexactVariables);
          return context;
        },
      })
      // What is rejected before it is an operation has started its time, too.
      .finally(() => context?.finish?.());
    reply.code(status ?? 200);
    for (const [name, value] of headers) {
      reply.header(name, value);
    }
    if (body.kind !== 'complete') {
      return reply.send(Readable.from(body.asyncIterator));
    }
    if (request.trace?.codes.length === 0 && body.string.startsWith('{"errors":')) {
      request.trace.noteErrors(codesIn(body.string));
    }
    if (body.string.length <= charactersAtOnce) {
      return reply.send(body.string);
    }
    reply.header('content-length', Buffer.byteLength(body.string));
    return reply.send(Readable.from(slicesOf(body.string)));
  };
}

/** Of an answer that Apollo made before its plugins saw the request. */
function codesIn(answer: string): string[] {
  const { errors } = JSON.parse(answer) as Pick<FormattedExecutionResult, 'errors'>;
  return (errors ?? []).map(({ extensions }) => String(extensions?.['code']));
}

/** A longer answer is encoded and written in several turns of the event loop: the system takes its time for each. */
const charactersAtOnce = 65_536;

/** Cuts a text between characters, never inside one of two code units. */
export async function* slicesOf(text: string): AsyncGenerator<Buffer, void, undefined> {
  for (let start = 0; start < text.length; ) {
    const end = start + charactersAtOnce;
    const isInside = /[\ud800-\udbff]/.test(text.charAt(end - 1));
    const next = isInside ? end + 1 : end;
    yield Buffer.from(text.slice(start, next));
    start = next;
    await laterTurn();
  }
}

/** Only what counts as preflighted is left of `authorization`: browsers send other schemes by themselves. */
function headersOf({ headers }: FastifyRequest): HeaderMap {
  const map = new HeaderMap();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && (name !== 'authorization' || /^bearer +\S/i.test(String(value)))) {
      map.set(name, Array.isArray(value) ? value.join(', ') : value);
    }
  }
  return map;
}

/** Cut out by hand: what stands before it can be anything, and building a URL from that can fail. */
function searchOf(url: string): string {
  const start = url.indexOf('?');
  return start === -1 ? '' : url.slice(start);
}
