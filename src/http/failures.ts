import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Limits } from '../config/http.ts';
import { LimitProblem, problemOf, RequestProblem } from '../graphql/errorFormat.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';

interface FailureAnswerParts {
  readonly limits: Limits;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'limitExceeded'>;
}

type FailureAnswer = (
  error: Error & { statusCode?: number },
  request: FastifyRequest,
  reply: FastifyReply,
) => void;

/** Builds what answers whatever is thrown on the way to an operation. */
export function createFailureAnswer({
  limits,
  log,
  measurements,
}: FailureAnswerParts): FailureAnswer {
  return (error, request, reply) => {
    const problem = error.statusCode === 413 ? bodyTooLarge(request, limits) : error;
    const { status, body } =
      problem instanceof RequestProblem ? problem : problemOf(error.statusCode ?? 500);
    if (problem instanceof LimitProblem) {
      measurements.limitExceeded(problem.limit, 'rejected');
    }
    if (status >= 500 && !(problem instanceof RequestProblem)) {
      log.error('A request failed unexpectedly', { requestId: request.id }, error);
    }
    request.trace?.noteErrors(body.errors.map(({ extensions }) => extensions.code));
    reply.code(status).type(problemTypeOf(request)).send(body);
  };
}

/** Clients that know GraphQL's own type read the answer whatever its status is; others get plain JSON. */
function problemTypeOf({ headers: { accept } }: FastifyRequest): string {
  const isKnown = accept?.includes('application/graphql-response+json') === true;
  return `application/${isKnown ? 'graphql-response+json' : 'json'}; charset=utf-8`;
}

function bodyTooLarge({ headers }: FastifyRequest, { bodyBytes: allowed }: Limits): LimitProblem {
  const announced = Number(headers['content-length']);
  return announced > allowed
    ? new LimitProblem({ limit: 'body-bytes', allowed, seen: announced, isExact: true })
    : new LimitProblem({ limit: 'body-bytes', allowed, seen: allowed + 1, isExact: false });
}

/** What every answer says unless it knows better: it is for this caller now, and it is what it says it is. */
export const answerHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const;
