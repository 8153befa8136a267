import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuthMode } from '../generated/graphql.ts';
import type { EndReason } from '../graph/errors.ts';
import type { GraphCall } from '../graph/request.ts';
import type { GraphApiVersion } from '../graph/types.ts';
import type { Authorizer } from '../identity/authorizer.ts';
import type { Idempotency, RequestContext, SeenPartnerIds } from '../partners/context.ts';
import type { PartnerLocks } from '../partners/locks.ts';
import { createPartnerReads, shareUntilEnd } from '../partners/reads.ts';
import { type Clock, EndController, onceClosed } from '../shared/clock.ts';
import type { LoopShare } from '../shared/loopShare.ts';
import { readCallerToken, readRequestedWaitMs, readTraceparent } from './requestHeaders.ts';

export interface ContextParts {
  readonly graph: RequestContext['graph'];
  readonly apiVersion: GraphApiVersion;
  readonly clock: Clock;
  readonly operationTimeoutMs: number;
  readonly maximumRows: number;
  readonly maximumListBytes: number;
  readonly locks: PartnerLocks;
  readonly idempotency: Idempotency;
  readonly seenPartnerIds: SeenPartnerIds;
  readonly authorizer: Authorizer | undefined;
  /** Whether Graph or the authorizer has accepted the token of a call. */
  readonly isTokenAccepted: (call: GraphCall) => boolean;
  readonly authMode: AuthMode;
  readonly operations: RunningOperations;
  /** Shared by all requests of this replica. */
  readonly loopShare: LoopShare;
}

/** Makes what belongs to one GraphQL request: starts its time and ties it to the caller's connection. */
export function createRequestContext(
  parts: ContextParts,
  request: FastifyRequest,
  reply: FastifyReply,
  inexactVariables: RequestContext['inexactVariables'] = [],
): RequestContext {
  const { graph, apiVersion, clock, maximumRows, locks, seenPartnerIds } = parts;
  const { authorizer, authMode, loopShare } = parts;
  const { socket } = request.raw;
  const operation = new RunningOperation(
    parts,
    timeoutMsOf(parts, request, reply),
    // A caller that half-closed and waited too long counts as one that left.
    () => socket.destroy(),
  );
  if (socket.readableEnded) {
    operation.halfClose();
  } else {
    socket.once('end', operation.halfClose);
  }
  onceClosed(reply.raw, () => {
    socket.off('end', operation.halfClose);
    if (!reply.raw.writableFinished) {
      operation.leave();
    }
  });
  const call: GraphCall = {
    requestId: request.id,
    traceparent: readTraceparent(request.headers),
    callerToken: readCallerToken(request.headers.authorization),
    deadlineMs: operation.deadlineMs,
    signal: operation.signal,
    writeSignal: operation.writeSignal,
    ...(request.trace && { trace: request.trace }),
  };
  const share = shareUntilEnd(loopShare, operation.signal);
  return {
    requestId: request.id,
    inexactVariables,
    graph,
    apiVersion,
    clock,
    call,
    trace: request.trace,
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
    idempotency: parts.idempotency,
    seenPartnerIds,
    maximumRows,
    notices: [],
    noteMutation: operation.noteMutation,
    finish: operation.finish,
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

const queryAfterHalfCloseMs = 1_000;

/** What can end an operation before its answer is there: its time, its caller and the gateway's stop. */
class RunningOperation {
  readonly deadlineMs: number;
  /** Fires at the deadline, when the caller leaves and when the gateway stops; its reason is an `EndReason`. */
  readonly signal = new EndController();
  /** The same, deaf to the caller's leaving. */
  readonly writeSignal = new EndController();
  readonly #clock: Clock;
  readonly #onLeft: () => void;
  readonly #stopTimer: () => void;
  readonly #noteEnd: () => void;
  #stopHalfClosed: () => void = () => undefined;
  #isMutation = false;

  constructor(
    { clock, operations }: Pick<ContextParts, 'clock' | 'operations'>,
    timeoutMs: number,
    onLeft: () => void,
  ) {
    this.#clock = clock;
    this.#onLeft = onLeft;
    this.deadlineMs = clock.now() + timeoutMs;
    this.#stopTimer = clock.startTimer(timeoutMs, () => this.#end('deadline'));
    this.#noteEnd = operations.begin(() => this.#end('shutdown'));
    if (operations.areEnded()) {
      this.#end('shutdown');
    }
  }

  /** Tells that the caller's connection closed; the time goes on, for a write that is to be finished. */
  readonly leave = (): void => {
    if (!this.signal.aborted) {
      this.signal.abort('callerLeft' satisfies EndReason);
      this.#onLeft();
    }
  };

  /**
   * Tells that the caller sends nothing more, which may mean that it waits for its answer or that it has gone: a query
   * goes on for a second, a mutation to its end.
   */
  readonly halfClose = (): void => {
    if (!this.#isMutation && !this.signal.aborted) {
      this.#stopHalfClosed = this.#clock.startTimer(queryAfterHalfCloseMs, this.leave);
    }
  };

  /** Tells that the operation is a mutation. */
  readonly noteMutation = (): void => {
    this.#isMutation = true;
    this.#stopHalfClosed();
  };

  /**
   * Takes back the timers, and ends the reads that are no longer needed. Called with the answer, and again: one
   * field's failure can be the whole answer, while another's read would go on without a deadline.
   */
  readonly finish = (): void => {
    this.#takeBack();
    this.signal.abort('answered' satisfies EndReason);
    this.#noteEnd();
  };

  #end(reason: EndReason): void {
    this.#takeBack();
    this.signal.abort(reason);
    this.writeSignal.abort(reason);
    this.#noteEnd();
  }

  #takeBack(): void {
    this.#stopTimer();
    this.#stopHalfClosed();
  }
}

/** The operations in flight, with or without their callers. */
export type RunningOperations = ReturnType<typeof createRunningOperations>;

/** Starts with none. */
export function createRunningOperations() {
  const running = new Set<() => void>();
  let areEnded = false;
  let waiters: (() => void)[] = [];
  return {
    /** Notes one that begins, and how it is ended; the returned function notes its end and may be called again. */
    begin(end: () => void): () => void {
      running.add(end);
      return () => {
        running.delete(end);
        if (running.size === 0) {
          const satisfied = waiters;
          waiters = [];
          for (const resolve of satisfied) {
            resolve();
          }
        }
      };
    },
    /** Ends all of them, and those that begin later: the gateway stops and waits no longer. */
    endAll(): void {
      areEnded = true;
      for (const end of [...running]) {
        end();
      }
    },
    areEnded: (): boolean => areEnded,
    /** Resolves once there is none. */
    whenNone: (): Promise<void> =>
      new Promise((resolve) => {
        if (running.size === 0) {
          resolve();
        } else {
          waiters.push(resolve);
        }
      }),
  };
}
