import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { abortErrorOf, type EndReason } from '../graph/errors.ts';
import type { GraphCall } from '../graph/request.ts';
import type { RequestContext } from '../partners/context.ts';
import { GatewayError, toGatewayError } from '../partners/errors.ts';
import { createPartnerReads, type PartnerReads } from '../partners/reads.ts';
import { EndController, type EndSignal, onceClosed } from '../shared/clock.ts';
import type { LoopShare } from '../shared/loopShare.ts';
import { Secret } from '../shared/secret.ts';
import { RequestProblem } from './errorFormat.ts';

interface ContextParts
  extends Pick<
    RequestContext,
    | 'graph'
    | 'apiVersion'
    | 'clock'
    | 'maximumRows'
    | 'locks'
    | 'idempotency'
    | 'seenPartnerIds'
    | 'authorizer'
    | 'authMode'
  > {
  readonly operationTimeoutMs: number;
  readonly maximumListBytes: number;
  /** Whether Graph or the authorizer has accepted the token of a call. */
  readonly isTokenAccepted: (call: GraphCall) => boolean;
  readonly operations: ReturnType<typeof createRunningOperations>;
  /** Shared by all requests of this replica. */
  readonly loopShare: LoopShare;
}

/** Makes what belongs to one GraphQL request: starts its time and ties it to the caller's connection. */
export function createRequestContext(
  parts: ContextParts,
  request: FastifyRequest,
  reply: FastifyReply,
  inexactVariables: RequestContext['inexactVariables'],
): RequestContext {
  const { graph, apiVersion, clock, maximumRows, locks, idempotency, seenPartnerIds } = parts;
  const { authorizer, authMode, loopShare, maximumListBytes } = parts;
  const { id: requestId, trace, headers } = request;
  const { socket } = request.raw;
  // The caller may ask for less time than is configured, never for more, and sees the result in a header.
  const requestedMs = readRequestedWaitMs(headers);
  const timeoutMs = Math.min(requestedMs ?? Infinity, parts.operationTimeoutMs);
  if (requestedMs !== undefined) {
    reply.header('preference-applied', `wait=${timeoutMs / 1000}`);
  }
  // A caller that half-closed and waited too long counts as one that left.
  const operation = beginOperation(parts, timeoutMs, () => socket.destroy());
  const { signal, writeSignal, deadlineMs, halfClose, noteMutation, finish } = operation;
  if (socket.readableEnded) {
    halfClose();
  } else {
    socket.once('end', halfClose);
  }
  onceClosed(reply.raw, () => {
    socket.off('end', halfClose);
    if (!reply.raw.writableFinished) {
      operation.leave();
    }
  });
  const call: GraphCall = {
    requestId,
    traceparent: readTraceparent(headers),
    callerToken: readCallerToken(headers.authorization),
    deadlineMs,
    signal,
    writeSignal,
    ...(trace && { trace }),
  };
  const share = shareUntilEnd(loopShare, signal);
  let reads: PartnerReads | undefined;
  return {
    requestId,
    inexactVariables,
    graph,
    apiVersion,
    clock,
    call,
    trace,
    authorizer,
    isTokenAccepted: () => parts.isTokenAccepted(call),
    authMode,
    reads() {
      const maximum = { rows: maximumRows, bytes: maximumListBytes };
      reads ??= createPartnerReads(graph, call, maximum, share);
      return reads;
    },
    share,
    answer: { bytes: 0, values: 0, excess: undefined, places: new Map() },
    locks,
    idempotency,
    seenPartnerIds,
    maximumRows,
    notices: [],
    noteMutation,
    finish,
  };
}

/** Gives an operation its share of the event loop until the operation ends; who waits then gets the reason as an error. */
export function shareUntilEnd(share: LoopShare, signal: Pick<EndSignal, 'aborted' | 'reason'>) {
  let waiting = 0;
  return {
    isUsedUp: share.isUsedUp,
    /** How much of the operation's work waits for a turn. */
    waiting: () => waiting,
    async nextTurn() {
      waiting += 1;
      await share.nextTurn();
      waiting -= 1;
      if (!signal.aborted) {
        return;
      }
      if (signal.reason === ('deadline' satisfies EndReason)) {
        const message = "The operation's time ended while the gateway worked on its rows.";
        throw new GatewayError('UPSTREAM_TIMEOUT', `${message} Ask for less at once.`);
      }
      throw toGatewayError(abortErrorOf(signal));
    },
  };
}

const queryAfterHalfCloseMs = 1_000;

/** Begins an operation, with what can end it before its answer is there: its time, its caller and the gateway's stop. */
function beginOperation(
  { clock, operations }: Pick<ContextParts, 'clock' | 'operations'>,
  timeoutMs: number,
  onLeft: () => void,
) {
  /** Fires at the deadline, when the caller leaves and when the gateway stops; its reason is an `EndReason`. */
  const signal = new EndController();
  /** The same, deaf to the caller's leaving. */
  const writeSignal = new EndController();
  let stopHalfClosed = (): void => undefined;
  let isMutation = false;
  const stopTimer = clock.startTimer(timeoutMs, () => end('deadline'));
  const noteEnd = operations.begin(() => end('shutdown'));

  function takeBack(): void {
    stopTimer();
    stopHalfClosed();
  }

  function end(reason: EndReason): void {
    takeBack();
    signal.abort(reason);
    writeSignal.abort(reason);
    noteEnd();
  }

  /** Tells that the caller's connection closed; the time goes on, for a write that is to be finished. */
  function leave(): void {
    if (!signal.aborted) {
      signal.abort('callerLeft' satisfies EndReason);
      onLeft();
    }
  }

  if (operations.areEnded()) {
    end('shutdown');
  }
  return {
    deadlineMs: clock.now() + timeoutMs,
    signal,
    writeSignal,
    leave,
    /**
     * Tells that the caller sends nothing more, which may mean that it waits for its answer or that it has gone: a query
     * goes on for a second, a mutation to its end.
     */
    halfClose(): void {
      if (!isMutation && !signal.aborted) {
        stopHalfClosed = clock.startTimer(queryAfterHalfCloseMs, leave);
      }
    },
    noteMutation(): void {
      isMutation = true;
      stopHalfClosed();
    },
    /**
     * Takes back the timers, and ends the reads that are no longer needed. Called with the answer, and again: one
     * field's failure can be the whole answer, while another's read would go on without a deadline.
     */
    finish(): void {
      takeBack();
      signal.abort('answered' satisfies EndReason);
      noteEnd();
    },
  };
}

/** Keeps the operations in flight, with or without their callers. */
export function createRunningOperations() {
  const running = new Set<() => void>();
  let areEnded = false;
  const waiters: (() => void)[] = [];
  return {
    /** Notes one that begins, and how it is ended; the returned function notes its end and may be called again. */
    begin(end: () => void): () => void {
      running.add(end);
      return () => {
        running.delete(end);
        if (running.size === 0) {
          for (const resolve of waiters.splice(0)) {
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

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Gives the id by which a request is followed through caller, gateway and Graph: the caller's, if its form is
 * safe to repeat in headers and logs, else undefined.
 */
export function readClientRequestId(headers: Headers): string | undefined {
  const id = headers['client-request-id'];
  return typeof id === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(id) ? id : undefined;
}

/** Gives the caller's trace context (W3C, version 00, ids that are not all zero), else undefined. */
export function readTraceparent(headers: Headers): string | undefined {
  const text = headers['traceparent'];
  const form = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
  return typeof text === 'string' && form.test(text) ? text : undefined;
}

/** Gives the caller's trace context with its state, which is left to those who know its form; undefined without one. */
export function readCallerTrace(headers: Headers) {
  const traceparent = readTraceparent(headers);
  const state = headers['tracestate'];
  const tracestate = Array.isArray(state) ? state.join() : state;
  return traceparent === undefined ? undefined : { traceparent, tracestate };
}

/**
 * Gives how long, in milliseconds, a caller is ready to wait: `Prefer: wait=<seconds>` of RFC 7240, decimals allowed.
 * Undefined if there is no such preference; one that makes no sense is ignored, as the RFC has it.
 */
export function readRequestedWaitMs(headers: Headers): number | undefined {
  const prefer = headers['prefer'];
  const text = Array.isArray(prefer) ? prefer.join() : (prefer ?? '');
  const seconds = /(?:^|,)\s*wait\s*=\s*"?(\d{1,6}(?:\.\d{1,3})?)"?\s*(?:[,;]|$)/i.exec(text)?.[1];
  return seconds === undefined || Number(seconds) === 0 ? undefined : Number(seconds) * 1000;
}

const maximumLength = 16 * 1024;

/** Digesting a token takes longer than all else that is done with one, so the last ones are known by their header. */
const knownTokens = new LRUCache<string, Secret>({
  // Of short ones, far more would fit into the size than into the memory.
  max: 1_000,
  maxSize: 4 * 1024 * 1024,
  sizeCalculation: (_secret, header) => 2 * header.length,
});

/**
 * Reads the caller's bearer token from `Authorization`, which came once. Only its form is judged: Graph's tokens are
 * opaque to everyone else.
 */
export function readCallerToken(header = ''): Secret | undefined {
  const known = knownTokens.get(header);
  if (known !== undefined) {
    return known;
  }
  const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(header)?.[1];
  if (token === undefined || token.length > maximumLength) {
    return undefined;
  }
  const secret = new Secret(token);
  knownTokens.set(header, secret);
  return secret;
}

const single: ReadonlySet<string> = new Set(['authorization', 'content-type', 'host']);

/** Gives what answers a request with a repeated header: of two, each reader on the way could pick another one. */
export function findDuplicateHeader(
  rawHeaders: readonly string[],
): RequestProblem['body'] | undefined {
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    if (single.has(name)) {
      if (seen.has(name)) {
        const message = `The header "${name}" is repeated. Send it once.`;
        return new RequestProblem(400, 'BAD_REQUEST', message).body;
      }
      seen.add(name);
    }
  }
  return undefined;
}
