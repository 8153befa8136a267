import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyHttpOptions, FastifyInstance } from 'fastify';
import { onceClosed } from '../shared/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import type { ArrivalBounds, ArrivingBodies } from './arrivingBodies.ts';

export interface ConnectionParts {
  readonly connections: ConnectionTimes;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'connectionCut'>;
}

/** Cuts callers off that do not read their answers, and has no more connections than there may be. */
export function addConnectionBounds(
  app: FastifyInstance,
  parts: ConnectionParts,
  arriving: ArrivingBodies,
): void {
  const { connections, log, measurements } = parts;
  const open = new Set<Socket>();
  /** Connections without a request, the oldest first: those that never had one, and those that had. */
  const silent = new Set<Socket>();
  const idle = new Set<Socket>();
  /** What each connection is still to be answered. */
  const pending = new WeakMap<Socket, Set<ServerResponse>>();

  /** Makes room for a connection: the slowest to ask goes first, and the new one itself only if all others are busy. */
  function makeRoom(newest: Socket): void {
    const [slowest = newest] = silent;
    if (slowest === newest && arriving.giveWay()) {
      return;
    }
    const [oldest = newest] = idle;
    const victim = slowest === newest ? oldest : slowest;
    forget(victim);
    measurements.connectionCut('limit');
    log.debug('A connection was cut', { reason: 'limit' });
    victim.destroy();
  }

  function forget(socket: Socket): void {
    for (const sockets of [open, silent, idle]) {
      sockets.delete(socket);
    }
  }

  // An answer is written although its caller sends nothing more.
  Reflect.set(app.server, 'httpAllowHalfOpen', true);
  app.server.on('connection', (socket) => {
    // Each operation listens, and callers may send many requests ahead.
    socket.setMaxListeners(0);
    socket.once('close', () => {
      forget(socket);
      // By then node:http has closed what it closes itself.
      setImmediate(closeAll, pending.get(socket));
    });
    open.add(socket);
    silent.add(socket);
    if (open.size > connections.limit) {
      makeRoom(socket);
    }
  });
  app.server.on('request', ({ socket }, response) => {
    silent.delete(socket);
    idle.delete(socket);
    const responses = pending.get(socket) ?? new Set();
    pending.set(socket, responses.add(response));
    onceClosed(response, () => {
      responses.delete(response);
      if (responses.size === 0 && open.has(socket)) {
        idle.add(socket);
      }
    });
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    // node:http starts the time anew with each byte that is taken. It would go on into the next request's operation
    // where one is waiting on the connection already.
    reply.raw.prependOnceListener('finish', () => request.raw.socket.setTimeout(0));
    reply.raw.setTimeout(connections.responseIdleTimeoutMs, () => {
      measurements.connectionCut('response-idle');
      log.info('A connection was cut', { reason: 'response-idle', requestId: request.id });
      request.raw.socket.destroy();
    });
    done(null, payload);
  });
}

/**
 * Closes responses whose connection is gone. On Node.js 20 only the one that is being written is closed by itself; those to
 * requests that were sent ahead would hold what waits for their end for ever.
 */
function closeAll(responses: ReadonlySet<ServerResponse> = new Set()): void {
  for (const response of responses) {
    response.destroyed = true;
    response.emit('close');
  }
}

/** How long callers' connections may take, in milliseconds, and how many there may be. */
interface ConnectionTimes {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly responseIdleTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly limit: number;
  readonly arriving: ArrivalBounds;
}

/** node:http looks for late requests this often; its own 30 s would make 40 s out of 10. */
const longestCheckMs = 1_000;

/** Gives the server's options that bound how long a request may take to arrive. */
export function connectionOptions(times: ConnectionTimes) {
  const { headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = times;
  return {
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    http: {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(headersTimeoutMs, longestCheckMs),
      // Answered in JSON by `addConnectionFaults`.
      requireHostHeader: false,
    },
  } satisfies FastifyHttpOptions<Server>;
}
