import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What a page of another origin may send. */
const requestHeaders = [
  'accept',
  'apollo-require-preflight',
  'apollographql-client-name',
  'apollographql-client-version',
  'authorization',
  'baggage',
  'client-request-id',
  'content-type',
  'graphql-require-preflight',
  'prefer',
  'traceparent',
  'tracestate',
  'x-apollo-operation-name',
];

/** What it may read of an answer beside the body. */
const answerHeaders = [
  'allow',
  'client-request-id',
  'preference-applied',
  'retry-after',
  'traceparent',
  'www-authenticate',
];

/** Browsers keep the answer to a preflight no longer than about that. */
const preflightLifeSeconds = 7_200;

/**
 * Lets the pages of these origins call from a browser, without cookies. Must come before every other hook, so that what
 * those reject can be read by the page too. Gives what adds the headers to an answer that goes out without the hooks.
 */
export async function addCors(
  app: FastifyInstance,
  origins: readonly string[],
): Promise<(request: FastifyRequest, reply: FastifyReply) => void> {
  if (origins.length === 0) {
    return () => undefined;
  }
  const allowed = new Set(origins);
  const isAllowed = ({ headers }: FastifyRequest): boolean => allowed.has(headers.origin ?? '');

  app.addHook('onRequest', (request, reply, done) => {
    if (request.method !== 'OPTIONS') {
      done();
      return;
    }
    if (!isPreflight(request)) {
      reply.callNotFound();
      return;
    }
    // A page of the internet asks before it calls a machine in a private network; to list its origin is the answer.
    if (
      request.headers['access-control-request-private-network'] === 'true' &&
      isAllowed(request)
    ) {
      reply.header('access-control-allow-private-network', 'true');
    }
    done();
  });
  const { default: cors } = await import('@fastify/cors');
  await app.register(cors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: requestHeaders,
    exposedHeaders: answerHeaders,
    maxAge: preflightLifeSeconds,
    strictPreflight: false,
  });

  return (request, reply) => {
    reply.header('vary', 'Origin');
    if (isAllowed(request)) {
      reply.header('access-control-allow-origin', request.headers.origin);
    }
  };
}

function isPreflight({ headers }: FastifyRequest): boolean {
  return headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}
