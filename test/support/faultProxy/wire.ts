import type { Socket } from 'node:net';
import type { Clock } from '../../../src/shared/clock.ts';

/** The proxy's end of a client's connection, as a fault writes to it. */
export type Wire = ReturnType<typeof createWire>;

/** Makes the wire of a connection. `stream` is the socket itself or TLS over it. */
export function createWire(socket: Socket, stream: Socket, clock: Clock, isUnused: boolean) {
  let isOpen = !stream.destroyed;
  const clientPort = socket.remotePort ?? 0;
  let holds = 0;
  stream.on('close', () => {
    isOpen = false;
  });
  stream.on('end', () => {
    isOpen = false;
  });

  /** A promise of something that the end of the connection fulfils, too; `start` may give what undoes it then. */
  function untilGoneOr(start: (done: () => void) => unknown): Promise<void> {
    return new Promise((resolve) => {
      if (stream.destroyed) {
        resolve();
        return;
      }
      let undo: unknown;
      const done = (): void => {
        stream.off('close', done);
        if (typeof undo === 'function') {
          undo();
        }
        resolve();
      };
      stream.on('close', done);
      undo = start(done);
    });
  }

  /** Holds the connection while a fault waits for something that only the clock or a test brings about. */
  async function hold(waiting: Promise<void>): Promise<void> {
    holds += 1;
    await waiting;
    holds -= 1;
  }

  return {
    /** False once it was ended by either side. */
    get isOpen() {
      return isOpen;
    },
    /**
     * Defined while nothing more comes over the connection until time passes, or its client or a test acts. All bytes that
     * were written count, read or not; it is unused if a connection fault holds it, so that no request was read from it.
     */
    get held() {
      const isHeld = holds > 0 && isOpen;
      return isHeld ? { clientPort, bytesWritten: stream.bytesWritten, isUnused } : undefined;
    },
    hold,
    /** Resolves once the bytes are with the system, or once the connection is gone. */
    write: (bytes: Buffer | string) =>
      untilGoneOr((done) => void (isOpen ? stream.write(bytes, () => done()) : done())),
    /** Sends FIN behind what was written. */
    finish() {
      isOpen = false;
      stream.end();
    },
    /** Sends RST; what was written and awaited has gone out before. */
    reset() {
      isOpen = false;
      socket.resetAndDestroy();
    },
    /** Waits on the proxy's clock, or until the connection is gone. */
    wait: (ms: number) => hold(untilGoneOr((done) => clock.startTimer(ms, done))),
    /** Leaves the connection as it is until it is gone, or until `released`; discards what the client sends meanwhile. */
    untilGone(released?: Promise<void>) {
      // Without a reader the end of the connection would not be noticed.
      stream.resume();
      return hold(untilGoneOr((done) => void released?.then(done)));
    },
  };
}
