import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import type { GraphApiVersion } from '../graph/apiVersion.ts';
import type { GraphClient } from '../graph/client.ts';
import type { GraphCall } from '../graph/pipeline/pipeline.ts';
import type { RequestContext } from '../resolvers/context.ts';
import type { PartnerLocks } from '../resolvers/partnerLocks.ts';
import { createPartnerReads } from '../resolvers/partnerReads.ts';
import { readCallerToken } from './callerToken.ts';
import { startOperationSignals } from './operationSignals.ts';
import { readTraceparent } from './requestIdentity.ts';

export interface ContextParts {
  readonly graph: GraphClient;
  readonly apiVersion: GraphApiVersion;
  readonly clock: Clock;
  readonly operationTimeoutMs: number;
  readonly maximumRows: number;
  readonly locks: PartnerLocks;
}

/** Makes what belongs to one GraphQL request: starts its time and ties it to the caller's connection. */
export function createRequestContext(
  { graph, apiVersion, clock, operationTimeoutMs, maximumRows, locks }: ContextParts,
  request: FastifyRequest,
  reply: FastifyReply,
): RequestContext {
  const signals = startOperationSignals(clock, operationTimeoutMs);
  reply.raw.once('close', () => {
    signals.stop();
    if (!reply.raw.writableFinished) {
      signals.leave();
    }
  });
  const call: GraphCall = {
    requestId: request.id,
    traceparent: readTraceparent(request.headers),
    callerToken: readCallerToken(request.raw.rawHeaders),
    deadline: signals.deadline,
    callerLeft: signals.callerLeft,
  };
  return {
    requestId: request.id,
    graph,
    apiVersion,
    call,
    reads: createPartnerReads(graph, call, maximumRows),
    locks,
  };
}
