import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { problemOf } from '../../graphql/problems.ts';

/**
 * Answers where there is nothing, or nothing for this method. Comes before anything that judges or reads a body, or the
 * body's faults would be told instead.
 */
export function addNotFound(app: FastifyInstance): void {
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
