import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import type { AuthMode } from '../generated/graphql.ts';
import type { GraphApiVersion } from '../graph/apiVersion.ts';
import type { GraphClient } from '../graph/client.ts';
import type { GraphCall } from '../graph/pipeline/pipeline.ts';
import type { Authorizer } from '../identity/createAuthorizer.ts';
import type { LoopShare } from '../loopShare.ts';
import type { RequestContext } from '../resolvers/context.ts';
import type { KnownPartnerIds } from '../resolvers/knownPartnerIds.ts';
import type { PartnerLocks } from '../resolvers/partnerLocks.ts';
import { createPartnerReads } from '../resolvers/partnerReads.ts';
import { shareUntilEnd } from '../resolvers/shareUntilEnd.ts';
import { readCallerToken } from './callerToken.ts';
import { startOperationSignals } from './operationSignals.ts';
import { readRequestedWaitMs } from './requestedWait.ts';
import { readTraceparent } from './requestIdentity.ts';
import type { RunningOperations } from './runningOperations.ts';

export interface ContextParts {
  readonly graph: GraphClient;
  readonly apiVersion: GraphApiVersion;
  readonly clock: Clock;
  readonly operationTimeoutMs: number;
  readonly maximumRows: number;
  readonly maximumListBytes: number;
  readonly locks: PartnerLocks;
  readonly knownIds: KnownPartnerIds;
  readonly authorizer: Authorizer | undefined;
  /** Whether Graph or the authorizer has accepted the token of a call. */
  readonly isTokenAccepted: (call: GraphCall) => boolean;
  readonly authMode: AuthMode;
  readonly operations: RunningOperations;
  /** Shared by all requests of this replica. */
  readonly loopShare: LoopShare;
  /** Fires when the gateway stops and waits for operations no longer. */
  readonly shutdown: AbortSignal;
}

/** Makes what belongs to one GraphQL request: starts its time and ties it to the caller's connection. */
export function createRequestContext(
  parts: ContextParts,
  request: FastifyRequest,
  reply: FastifyReply,
  inexactVariables: RequestContext['inexactVariables'] = [],
): RequestContext {
  const { graph, apiVersion, clock, maximumRows, locks, knownIds, operations, shutdown } = parts;
  const { authorizer, authMode, loopShare } = parts;
  const signals = startOperationSignals(clock, timeoutMsOf(parts, request, reply), shutdown);
  const end = operations.begin();
  signals.writeSignal.addEventListener('abort', end, { once: true });
  const finish = (): void => {
    signals.stop();
    end();
  };
  const { socket } = request.raw;
  if (socket.readableEnded) {
    signals.halfClose();
  } else {
    socket.once('end', signals.halfClose);
  }
  signals.signal.addEventListener(
    'abort',
    () => {
      // A caller that half-closed and waited too long counts as one that left.
      if (signals.signal.reason === 'callerLeft') {
        socket.destroy();
      }
    },
    { once: true },
  );
  reply.raw.once('close', () => {
    socket.off('end', signals.halfClose);
    if (reply.raw.writableFinished) {
      // A request that is refused before it is an operation is answered without a word to anybody else.
      finish();
    } else {
      signals.leave();
    }
  });
  const call: GraphCall = {
    requestId: request.id,
    traceparent: readTraceparent(request.headers),
    callerToken: readCallerToken(request.raw.rawHeaders),
    deadlineMs: signals.deadlineMs,
    signal: signals.signal,
    writeSignal: signals.writeSignal,
    ...(request.trail && { trail: request.trail }),
  };
  const share = shareUntilEnd(loopShare, signals.signal);
  return {
    requestId: request.id,
    inexactVariables,
    graph,
    apiVersion,
    clock,
    call,
    trail: request.trail,
    authorizer,
    isTokenAccepted: () => parts.isTokenAccepted(call),
    authMode,
    reads: createPartnerReads(
      graph,
      call,
      { rows: maximumRows, bytes: parts.maximumListBytes },
      share,
    ),
    share,
    answer: { bytes: 0, values: 0, excess: undefined, places: new Map() },
    locks,
    knownIds,
    maximumRows,
    notices: [],
    noteMutation: signals.noteMutation,
    finish,
  };
}

/** The caller may ask for less time than is configured, never for more, and is told what it got. */
function timeoutMsOf(
  { operationTimeoutMs }: ContextParts,
  request: FastifyRequest,
  reply: FastifyReply,
): number {
  const requestedMs = readRequestedWaitMs(request.headers);
  if (requestedMs === undefined) {
    return operationTimeoutMs;
  }
  const timeoutMs = Math.min(requestedMs, operationTimeoutMs);
  reply.header('preference-applied', `wait=${timeoutMs / 1000}`);
  return timeoutMs;
}
