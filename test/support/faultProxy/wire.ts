import type { Socket } from 'node:net';
import type { Clock } from '../../../src/shared/clock.ts';

/** The proxy's end of a client's connection, as a fault writes to it. */
export interface Wire {
  /** False once it was ended by either side. */
  readonly isOpen: boolean;
  /** Resolves once the bytes are with the system, or once the connection is gone. */
  write(bytes: Buffer | string): Promise<void>;
  /** Sends FIN behind what was written. */
  finish(): void;
  /** Sends RST; what was written and awaited has gone out before. */
  reset(): void;
  /** Waits on the proxy's clock, or until the connection is gone. */
  wait(ms: number): Promise<void>;
  /** Leaves the connection as it is until it is gone, or until `released`; discards what the client sends meanwhile. */
  untilGone(released?: Promise<void>): Promise<void>;
  /** Holds the connection while a fault waits for something that only the clock or a test brings about. */
  hold(waiting: Promise<void>): Promise<void>;
  /** Defined while the connection is held. */
  readonly held: HeldConnection | undefined;
}

/** A connection over which nothing more comes until time passes, or until its client or a test acts. */
export interface HeldConnection {
  readonly clientPort: number;
  /** Everything that was written to the client, whether it has read it or not. */
  readonly bytesWritten: number;
  /** Whether a connection fault holds it, so that no request was read from it. */
  readonly isUnused: boolean;
}

/** Makes the wire of a connection. `stream` is the socket itself or TLS over it. */
export function createWire(
  socket: Socket,
  stream: Socket,
  { clock, isUnused }: { readonly clock: Clock; readonly isUnused: boolean },
): Wire {
  let isOpen = !stream.destroyed;
  const clientPort = socket.remotePort ?? 0;
  let holds = 0;
  const onceGone = new Set<() => void>();
  function end(): void {
    isOpen = false;
    for (const tell of onceGone) {
      tell();
    }
    onceGone.clear();
  }
  stream.on('close', end);
  stream.on('end', () => {
    isOpen = false;
  });
  if (stream.destroyed) {
    end();
  }

  /** A promise of something that the end of the connection fulfils, too; `start` gives what undoes it then. */
  function untilGoneOr(start: (done: () => void) => () => void): Promise<void> {
    return new Promise((resolve) => {
      if (stream.destroyed) {
        resolve();
        return;
      }
      let undo = nothing;
      const done = (): void => {
        onceGone.delete(done);
        undo();
        resolve();
      };
      onceGone.add(done);
      undo = start(done);
    });
  }

  async function hold(waiting: Promise<void>): Promise<void> {
    holds += 1;
    await waiting;
    holds -= 1;
  }

  return {
    get isOpen() {
      return isOpen;
    },
    get held() {
      const isHeld = holds > 0 && isOpen;
      return isHeld ? { clientPort, bytesWritten: stream.bytesWritten, isUnused } : undefined;
    },
    hold,
    write: (bytes) =>
      untilGoneOr((done) => {
        if (isOpen) {
          stream.write(bytes, () => done());
        } else {
          done();
        }
        return nothing;
      }),
    finish() {
      isOpen = false;
      stream.end();
    },
    reset() {
      isOpen = false;
      socket.resetAndDestroy();
    },
    wait: (ms) => hold(untilGoneOr((done) => clock.startTimer(ms, done))),
    untilGone(released) {
      // Without a reader the end of the connection would not be noticed.
      stream.resume();
      return hold(
        untilGoneOr((done) => {
          void released?.then(done);
          return nothing;
        }),
      );
    },
  };
}

const nothing = (): void => undefined;

/** A write can be done without a turn of the event loop; a flood of them would leave its client no time to notice. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
