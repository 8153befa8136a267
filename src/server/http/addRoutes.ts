import type { BaseContext } from '@apollo/server';
import type { FastifyInstance } from 'fastify';
import { createGraphQLHandler, type GraphQLHandlerParts } from '../../http/graphqlRoute.ts';
import { type PhaseHolder, readinessOf } from '../phase.ts';

export interface RouteParts<Context extends BaseContext> extends GraphQLHandlerParts<Context> {
  readonly sdl: string;
  readonly phase: PhaseHolder;
  /** Whether the keys are there with which callers' tokens are checked. */
  readonly canJudgeCallers: () => boolean;
}

/** Adds all that is answered but the explorer. */
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
}
