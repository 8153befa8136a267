import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuthMode } from '../generated/graphql.ts';
import type { GraphClient } from '../graph/client.ts';
import type { GraphCall } from '../graph/request.ts';
import type { GraphApiVersion } from '../graph/types.ts';
import type { Authorizer } from '../identity/authorizer.ts';
import type { RequestContext } from '../partners/context.ts';
import type { KnownPartnerIds } from '../partners/knownPartners.ts';
import type { PartnerLocks } from '../partners/locks.ts';
import { createPartnerReads } from '../partners/reads.ts';
import { shareUntilEnd } from '../resolvers/shareUntilEnd.ts';
import { readCallerToken } from '../server/callerToken.ts';
import { startOperationSignals } from '../server/operationSignals.ts';
import { readRequestedWaitMs } from '../server/requestedWait.ts';
import type { RunningOperations } from '../server/runningOperations.ts';
import type { Clock } from '../shared/clock.ts';
import type { LoopShare } from '../shared/loopShare.ts';
import { readTraceparent } from './requestHeaders.ts';

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
