import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuthMode } from '../generated/graphql.ts';
import type { GraphClient } from '../graph/client.ts';
import type { EndReason, GraphCall } from '../graph/request.ts';
import type { GraphApiVersion } from '../graph/types.ts';
import type { Authorizer } from '../identity/authorizer.ts';
import type { RequestContext } from '../partners/context.ts';
import type { PartnerLocks } from '../partners/locks.ts';
import { createPartnerReads, shareUntilEnd } from '../partners/reads.ts';
import type { SeenPartnerIds } from '../partners/seenPartnerIds.ts';
import type { Clock } from '../shared/clock.ts';
import type { LoopShare } from '../shared/loopShare.ts';
import { onceClosed } from '../shared/onceClosed.ts';
import { readCallerToken, readRequestedWaitMs, readTraceparent } from './requestHeaders.ts';

export interface ContextParts {
  readonly graph: GraphClient;
  readonly apiVersion: GraphApiVersion;
  readonly clock: Clock;
  readonly operationTimeoutMs: number;
  readonly maximumRows: number;
  readonly maximumListBytes: number;
  readonly locks: PartnerLocks;
  readonly seenPartnerIds: SeenPartnerIds;
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
  const { graph, apiVersion, clock, maximumRows, locks, seenPartnerIds, operations, shutdown } =
    parts;
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
  onceClosed(reply.raw, () => {
    socket.off('end', signals.halfClose);
    if (!reply.raw.writableFinished) {
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
    seenPartnerIds,
    maximumRows,
    notices: [],
    noteMutation: signals.noteMutation,
    finish,
  };
}

/** The caller may ask for less time than is configured, never for more, and sees the result in a header. */
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

/** What can end an operation before its answer is there. */
interface OperationSignals {
  /** Fires at the deadline, when the caller leaves and when the gateway stops; its reason is an `EndReason`. */
  readonly signal: AbortSignal;
  /** The same, deaf to the caller's leaving. */
  readonly writeSignal: AbortSignal;
  readonly deadlineMs: number;
  /** Tells that the caller's connection closed; the time goes on, for a write that is to be finished. */
  leave(): void;
  /**
   * Tells that the caller sends nothing more, which may mean that it waits for its answer or that it has gone: a query
   * goes on for a second, a mutation to its end.
   */
  halfClose(): void;
  /** Tells that the operation is a mutation. */
  noteMutation(): void;
  /** Takes timer and listener back, and ends the reads that are no longer needed; called with the answer. */
  stop(): void;
}

const queryAfterHalfCloseMs = 1_000;

/** Starts an operation's time, in milliseconds, for all that it will cause. */
function startOperationSignals(
  clock: Clock,
  timeoutMs: number,
  shutdown: AbortSignal,
): OperationSignals {
  const deadlineMs = clock.now() + timeoutMs;
  const all = new AbortController();
  const forWrites = new AbortController();
  let isMutation = false;
  let stopHalfClosed = (): void => undefined;
  const takeBack = (): void => {
    stopTimer();
    stopHalfClosed();
    shutdown.removeEventListener('abort', onShutdown);
  };
  const end = (reason: EndReason): void => {
    takeBack();
    all.abort(reason);
    forWrites.abort(reason);
  };
  const onShutdown = (): void => end('shutdown');
  const stopTimer = clock.startTimer(timeoutMs, () => end('deadline'));
  // By hand and not by AbortSignal.any: that one keeps a trace of each operation at the signal that outlives them all.
  shutdown.addEventListener('abort', onShutdown);
  if (shutdown.aborted) {
    onShutdown();
  }
  const leave = (): void => all.abort('callerLeft' satisfies EndReason);
  return {
    signal: all.signal,
    writeSignal: forWrites.signal,
    deadlineMs,
    leave,
    halfClose() {
      if (!isMutation && !all.signal.aborted) {
        stopHalfClosed = clock.startTimer(queryAfterHalfCloseMs, leave);
      }
    },
    noteMutation() {
      isMutation = true;
      stopHalfClosed();
    },
    stop() {
      takeBack();
      // One field's failure can be the whole answer, while another's read would go on without a deadline.
      all.abort('answered' satisfies EndReason);
    },
  };
}

/** The operations in flight, with or without their callers. */
export interface RunningOperations {
  /** Notes one that begins; the returned function notes its end and may be called again. */
  begin(): () => void;
  /** Resolves once there is none. */
  whenNone(): Promise<void>;
}

/** Starts with none. */
export function createRunningOperations(): RunningOperations {
  const running = new Set<object>();
  let waiters: (() => void)[] = [];
  return {
    begin() {
      const operation = {};
      running.add(operation);
      return () => {
        running.delete(operation);
        if (running.size === 0) {
          const satisfied = waiters;
          waiters = [];
          for (const resolve of satisfied) {
            resolve();
          }
        }
      };
    },
    whenNone: () =>
      new Promise((resolve) => {
        if (running.size === 0) {
          resolve();
        } else {
          waiters.push(resolve);
        }
      }),
  };
}
