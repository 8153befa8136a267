import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyHttpOptions, FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';
import { overloaded, problemOf } from '../graphql/errorFormat.ts';
import { type Clock, onceClosed } from '../shared/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { cutConnection } from './failures.ts';

interface ConnectionParts extends Pick<Config, 'connections'> {
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'connectionCut' | 'shed'>;
}

/**
 * Cuts callers off that do not read their answers or send their bodies too slowly, and has no more connections than
 * there may be.
 */
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
  addArrivalBounds(app, parts, arriving);
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

/** node:http looks for late requests this often; its own 30 s would make 40 s out of 10. */
const longestCheckMs = 1_000;

/** Gives the server's options that bound how long a request may take to arrive. */
export function connectionOptions({
  headersTimeoutMs,
  requestTimeoutMs,
  keepAliveTimeoutMs,
}: Config['connections']) {
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

type ArrivingBodies = ReturnType<typeof createArrivingBodies>;

/** A body that is still arriving. */
interface Arrival {
  readonly sinceMs: number;
  bytes: number;
  /** Ends its connection: it is too slow, or the slowest when others need its place. */
  readonly cut: (reason: 'slow-body' | 'arriving-bodies') => void;
}

const graceMs = 5_000;
const sweepMs = 100;
/** Callers that began together fall behind together: cut at once, they would hold up all others. */
const mostCutsOfSweep = 20;
/** Credited to each body, so that one that has just begun is not the slowest. */
const creditBytes = 1_024;

/** How fast a body arrives, in bytes per millisecond, to tell which is the slowest. */
function paceOf({ sinceMs, bytes }: Arrival, nowMs: number): number {
  return (bytes + creditBytes) / Math.max(1, nowMs - sinceMs);
}

/** When a body falls behind the least pace if nothing more of it arrives. */
function behindAtMs({ sinceMs, bytes }: Arrival, bytesPerSecond: number): number {
  return sinceMs + Math.max(graceMs, (bytes / bytesPerSecond) * 1_000);
}

/** Counts the bodies that are still arriving, and cuts those that are too slow or too many. */
export function createArrivingBodies(bounds: Config['connections']['arriving'], clock: Clock) {
  const arriving = new Set<Arrival>();
  let bytes = 0;
  let stopSweep: (() => void) | undefined;

  function startSweep(): void {
    if (bounds.bytesPerSecond > 0 && arriving.size > 0) {
      stopSweep ??= clock.startTimer(sweepMs, sweep);
    }
  }

  function sweep(): void {
    stopSweep = undefined;
    const nowMs = clock.now();
    let cuts = 0;
    for (const entry of arriving) {
      if (cuts < mostCutsOfSweep && behindAtMs(entry, bounds.bytesPerSecond) <= nowMs) {
        cuts += 1;
        remove(entry);
        entry.cut('slow-body');
      }
    }
    startSweep();
  }

  function remove(entry: Arrival): void {
    bytes -= arriving.delete(entry) ? entry.bytes : 0;
    if (arriving.size === 0) {
      stopSweep?.();
      stopSweep = undefined;
    }
  }

  /** Cuts the slowest one; false if there is none. */
  function giveWay(): boolean {
    const nowMs = clock.now();
    let slowest: Arrival | undefined;
    for (const entry of arriving) {
      if (slowest === undefined || paceOf(entry, nowMs) < paceOf(slowest, nowMs)) {
        slowest = entry;
      }
    }
    if (slowest === undefined) {
      return false;
    }
    remove(slowest);
    slowest.cut('arriving-bodies');
    return true;
  }

  return {
    giveWay,
    /** Counts one more, for which another may be cut. */
    begin(cut: Arrival['cut']) {
      if (arriving.size >= bounds.bodies) {
        giveWay();
      }
      const entry: Arrival = { sinceMs: clock.now(), bytes: 0, cut };
      arriving.add(entry);
      startSweep();
      return {
        receive(more: number): void {
          if (arriving.has(entry)) {
            entry.bytes += more;
            bytes += more;
            while (bytes > bounds.bytes) {
              giveWay();
            }
          }
        },
        /** The body is whole, or its connection has ended; may be called again. */
        end: () => remove(entry),
      };
    },
  };
}

/** Bounds the bodies that are not whole yet when a request's headers have been judged. */
function addArrivalBounds(
  app: FastifyInstance,
  { log, measurements }: ConnectionParts,
  arriving: ArrivingBodies,
): void {
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const { id: requestId, raw } = request;
    const { socket } = raw;
    if (!raw.complete && !socket.destroyed) {
      const body = arriving.begin((reason) => {
        // Counted, and told by the line of its request: a flood must not fill the log.
        log.debug('A connection was cut', { reason, requestId });
        if (reason === 'slow-body') {
          measurements.connectionCut(reason);
          cutConnection(socket, problemOf(408));
        } else {
          measurements.shed(reason);
          cutConnection(socket, overloaded());
        }
      });
      const end = (): void => {
        socket.off('close', end);
        body.end();
      };
      payload.on('data', (chunk: Buffer) => body.receive(chunk.length));
      raw.once('end', end).once('close', end);
      // After an early response, a request whose connection closes emits neither of the two.
      socket.once('close', end);
    }
    done(null, payload);
  });
}
