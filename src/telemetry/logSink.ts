import type { Writable } from 'node:stream';
import { type Clock, systemClock } from '../shared/clock.ts';

/** How long a line may wait for others: not at all, to the end of the turn of the event loop, or for a whole batch. */
export type Urgency = 'now' | 'turn' | 'batch';

/** A place for log lines that neither waits for its reader nor keeps more for it than it may. */
interface BoundedSink {
  write(line: string, urgency: Urgency): void;
  /** Hands over what is there, at once as far as that goes; resolves when it is taken, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

const mostBytes = 1024 * 1024;
/** A batch is handed over when it has so many bytes, or is so old. */
const batchBytes = 32 * 1024;
const batchMs = 100;

/**
 * Writes to a stream in batches, because a write costs the system more than a line costs to make. What its reader does
 * not take in time is lost, and told when there is room again; once the stream is broken, everything is. Own code,
 * because with pino's destination a process whose reader stops cannot end any more.
 */
export function createBoundedSink(stream: Writable, clock: Clock): BoundedSink {
  let pending = '';
  let pendingBytes = 0;
  let isDueThisTurn = false;
  let stopTimer: (() => void) | undefined;
  let isBroken = false;
  let lost = 0;

  stream.on('error', () => {
    isBroken = true;
    pending = '';
    pendingBytes = 0;
  });

  function push(): void {
    stopTimer?.();
    stopTimer = undefined;
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

  function keep(text: string, bytes = Buffer.byteLength(text)): void {
    pending += text;
    pendingBytes += bytes;
  }

  function pushAtEndOfTurn(): void {
    isDueThisTurn = false;
    push();
  }

  function schedule(urgency: Urgency): void {
    if (urgency === 'now' || pendingBytes >= batchBytes) {
      push();
    } else if (urgency === 'turn' && !isDueThisTurn) {
      isDueThisTurn = true;
      setImmediate(pushAtEndOfTurn);
    } else if (urgency === 'batch') {
      stopTimer ??= clock.startTimer(batchMs, push);
    }
  }

  return {
    write(line, urgency) {
      if (isBroken) {
        return;
      }
      const bytes = Buffer.byteLength(line);
      if (stream.writableLength + pendingBytes + bytes > mostBytes) {
        lost += 1;
        return;
      }
      if (lost > 0) {
        keep(noteOf(lost));
        lost = 0;
      }
      keep(line, bytes);
      schedule(urgency);
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
  if (shared === undefined) {
    const sink = createBoundedSink(process.stdout, systemClock);
    // Buffered lines are written before the process ends, whatever ends it.
    process.once('exit', () => void sink.flush(0));
    shared = sink;
  }
  return shared;
}
