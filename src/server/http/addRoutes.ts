import type { BaseContext } from '@apollo/server';
import type { FastifyInstance } from 'fastify';
import { type PhaseHolder, readinessOf } from '../phase.ts';
import { problemOf } from '../problemBody.ts';
import { createGraphQLHandler, type GraphQLHandlerParts } from './graphqlHandler.ts';

export interface RouteParts<Context extends BaseContext> extends GraphQLHandlerParts<Context> {
  readonly sdl: string;
  readonly phase: PhaseHolder;
  /** Whether the keys are there with which callers' tokens are checked. */
  readonly canJudgeCallers: () => boolean;
}

/** Adds all that is answered but the explorer, and the answers where there is nothing. */
export function addRoutes<Context extends BaseContext>(
  app: FastifyInstance,
  parts: RouteParts<Context>,
): void {
  const { sdl, phase, canJudgeCallers } = parts;
  app.route({
    url: '/graphql',
    method: ['GET', 'POST'],
    handler: createGraphQLHandler(parts),
  });
  app.get('/livez', async () => ({ status: 'alive' }));
  app.get('/readyz', async (_request, reply) => {
    const { status, body } = readinessOf(phase.current, canJudgeCallers());
    return reply.code(status).send(body);
  });
  app.get('/schema.graphql', async (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send(sdl),
  );
  app.setNotFoundHandler(async (request, reply) => {
    const url = request.url.split('?', 1)[0] ?? '';
    if (!app.hasRoute({ url, method: 'GET' })) {
      return reply.code(404).send(problemOf(404).body);
    }
    const [allow, words] =
      url === '/graphql' ? ['GET, POST', undefined] : ['GET, HEAD', 'Use GET or HEAD.'];
    return reply.code(405).header('allow', allow).send(problemOf(405, words).body);
  });
}
