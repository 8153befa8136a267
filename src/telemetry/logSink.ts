import type { Writable } from 'node:stream';
import { type Clock, systemClock } from '../shared/clock.ts';

/** A place for log lines that neither waits for its reader nor keeps more for it than it may. */
interface BoundedSink {
  write(line: string): void;
  /** Hands over what is there, at once as far as that goes; resolves when it is taken, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

const mostBytes = 1024 * 1024;

/**
 * Writes to a stream once for all lines of one turn of the event loop. What its reader does not take in time is lost,
 * and told when there is room again; once the stream is broken, everything is. Not pino's own destination: where the
 * reader of a pipe stops, its process cannot end any more, and without a bound its memory grows.
 */
export function createBoundedSink(stream: Writable, clock: Clock): BoundedSink {
  let pending = '';
  let pendingBytes = 0;
  let isScheduled = false;
  let isBroken = false;
  let lost = 0;

  stream.on('error', () => {
    isBroken = true;
    pending = '';
    pendingBytes = 0;
  });

  function push(): void {
    isScheduled = false;
    if (pending !== '' && !isBroken) {
      const text = pending;
      pending = '';
      pendingBytes = 0;
      stream.write(text);
    }
  }

  function noteOf(count: number): string {
    const time = new Date(clock.now()).toISOString();
    return `${JSON.stringify({ level: 'warn', time, count, message: 'Log lines were dropped, because their reader was too slow' })}\n`;
  }

  function keep(text: string): void {
    pending += text;
    pendingBytes += Buffer.byteLength(text);
  }

  return {
    write(line) {
      if (isBroken) {
        return;
      }
      if (stream.writableLength + pendingBytes + Buffer.byteLength(line) > mostBytes) {
        lost += 1;
        return;
      }
      if (lost > 0) {
        keep(noteOf(lost));
        lost = 0;
      }
      keep(line);
      if (!isScheduled) {
        isScheduled = true;
        setImmediate(push);
      }
    },
    flush(timeoutMs) {
      push();
      if (isBroken || stream.writableLength === 0) {
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const stopTimer = clock.startTimer(timeoutMs, resolve);
        stream.write('', () => {
          stopTimer();
          resolve();
        });
      });
    },
  };
}

let shared: BoundedSink | undefined;

/** Gives the process's standard output as the one place for the lines of all its logs. */
export function standardOutput(): BoundedSink {
  shared ??= createBoundedSink(process.stdout, systemClock);
  return shared;
}
