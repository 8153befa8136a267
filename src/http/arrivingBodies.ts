import type { FastifyInstance } from 'fastify';
import { overloaded, problemOf } from '../graphql/errorFormat.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { cutConnection } from './connectionFaults.ts';

/** What request bodies that are still arriving may take. */
export interface ArrivalBounds {
  readonly bodies: number;
  /** All that has arrived of them together. */
  readonly bytes: number;
  /** How fast each has to arrive, on average, once its grace is over; 0 sets no bound. */
  readonly bytesPerSecond: number;
}

/** Why a body that was arriving is cut off: too slow, or the slowest when others need its place. */
type ArrivalCut = 'slow-body' | 'arriving-bodies';

export interface ArrivingBodies {
  /** Counts one more, for which another may be cut. `cut` ends its connection. */
  begin(cut: (reason: ArrivalCut) => void): ArrivingBody;
  /** Cuts the slowest one; false if there is none. */
  giveWay(): boolean;
}

interface ArrivingBody {
  receive(bytes: number): void;
  /** The body is whole, or its connection has ended; may be called again. */
  end(): void;
}

/** How far a body has come. */
interface Arrival {
  readonly sinceMs: number;
  readonly bytes: number;
}

const graceMs = 5_000;
const sweepMs = 100;
/** Callers that began together fall behind together: cut at once, they would hold up all others. */
const mostCutsOfSweep = 20;
/** Credited to each body, so that one that has just begun is not the slowest. */
const creditBytes = 1_024;

/** How fast a body arrives, in bytes per millisecond, to tell which is the slowest. */
export function paceOf({ sinceMs, bytes }: Arrival, nowMs: number): number {
  return (bytes + creditBytes) / Math.max(1, nowMs - sinceMs);
}

/** When a body falls behind the least pace if nothing more of it arrives. */
export function behindAtMs({ sinceMs, bytes }: Arrival, bytesPerSecond: number): number {
  return sinceMs + Math.max(graceMs, (bytes / bytesPerSecond) * 1_000);
}

interface Entry {
  readonly sinceMs: number;
  bytes: number;
  readonly cut: (reason: ArrivalCut) => void;
}

/** Starts with none. */
export function createArrivingBodies(bounds: ArrivalBounds, clock: Clock): ArrivingBodies {
  const arriving = new Set<Entry>();
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

  function findSlowest(): Entry | undefined {
    const nowMs = clock.now();
    let slowest: Entry | undefined;
    let leastPace = Number.POSITIVE_INFINITY;
    for (const entry of arriving) {
      const pace = paceOf(entry, nowMs);
      if (pace < leastPace) {
        leastPace = pace;
        slowest = entry;
      }
    }
    return slowest;
  }

  function remove(entry: Entry): void {
    const isThere = arriving.delete(entry);
    bytes -= isThere ? entry.bytes : 0;
    if (arriving.size === 0) {
      stopSweep?.();
      stopSweep = undefined;
    }
  }

  function giveWay(): boolean {
    const slowest = findSlowest();
    if (slowest === undefined) {
      return false;
    }
    remove(slowest);
    slowest.cut('arriving-bodies');
    return true;
  }

  return {
    giveWay,
    begin(cut) {
      if (arriving.size >= bounds.bodies) {
        giveWay();
      }
      const entry: Entry = { sinceMs: clock.now(), bytes: 0, cut };
      arriving.add(entry);
      startSweep();
      return {
        receive(more) {
          if (arriving.has(entry)) {
            entry.bytes += more;
            bytes += more;
            while (bytes > bounds.bytes) {
              giveWay();
            }
          }
        },
        end: () => remove(entry),
      };
    },
  };
}

interface ArrivalParts {
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'connectionCut' | 'shed'>;
}

/** Bounds the bodies that are not whole yet when a request's headers have been judged. */
export function addArrivingBodies(
  app: FastifyInstance,
  arriving: ArrivingBodies,
  { log, measurements }: ArrivalParts,
): void {
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const { id: requestId, raw } = request;
    if (!raw.complete && !raw.socket.destroyed) {
      const body = arriving.begin((reason) => {
        if (reason === 'slow-body') {
          measurements.connectionCut(reason);
        } else {
          measurements.shed(reason);
        }
        // Counted, and told by the line of its request: a flood must not fill the log.
        log.debug('A connection was cut', { reason, requestId });
        cutConnection(raw.socket, reason === 'slow-body' ? problemOf(408) : overloaded());
      });
      const { socket } = raw;
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
