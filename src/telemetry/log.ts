import { type Clock, systemClock } from '../shared/clock.ts';

type TextField =
  | 'requestId'
  /** 32 hex digits. */
  | 'traceId'
  /** What the document asks for: `query` or `mutation`, and its own name for it. */
  | 'operationType'
  | 'operationName'
  /** The call of Graph. */
  | 'operation'
  | 'graphRequestId'
  | 'graphClientRequestId'
  | 'graphCode'
  /** SHA-256 of a GraphQL document, in hexadecimal. */
  | 'documentHash'
  /** The path of a file that the operator needs. */
  | 'file'
  | ('code' | 'fault' | 'limit' | 'method' | 'reason' | 'route' | 'signal' | 'state')
  | ('systemCode' | 'upstream' | 'url');

type NumberField =
  | ('allowed' | 'attempt' | 'delayMs' | 'durationMs' | 'retries' | 'seen' | 'status')
  /** Of the last attempt. */
  | 'graphStatus'
  /** How many attempts there were, if there were more than ten. */
  | 'graphAttempts';

/** What may stand in a log line. There is no place for bodies, variables, headers or tokens. */
export type LogFields = Readonly<
  Partial<
    Record<TextField, string | undefined> &
      Record<NumberField, number | undefined> &
      Record<'hasCallerLeft' | 'mayHaveBeenApplied', boolean | undefined> &
      /** `graphOperations` and `graphRequestIds` are of the first ten attempts of an operation. */
      Record<'codes' | 'graphOperations' | 'graphRequestIds', readonly string[] | undefined> &
      Record<'graphDurationsMs', readonly number[] | undefined>
  >
>;

/** The one form in which the gateway tells what it does: a sentence and fields from the allow-list above. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields, error?: unknown): void;
}

/** Where lines go: standard output, or a test's own sink. */
interface LogSink {
  write(line: string, urgency: Urgency): void;
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

type Level = keyof Log;

/** Builds the log: JSON lines with an ISO time, nothing but the allow-listed fields. */
export function createLogger(level: string, sink: LogSink = standardOutput()): Log {
  const least = levels.indexOf(level);
  const writerOf = (own: Level): Log['error'] => {
    if (levels.indexOf(own) < least) {
      return () => undefined;
    }
    return (message, fields = {}, error) => {
      const time = isoTimeOf(systemClock);
      const line = JSON.stringify({ level: own, time, ...fields, ...describe(error), message });
      sink.write(`${escapeControls(line)}\n`, urgencyOf(own, fields));
    };
  };
  return {
    debug: writerOf('debug'),
    info: writerOf('info'),
    warn: writerOf('warn'),
    error: writerOf('error'),
  };
}

const isoTimeOf = (clock: Clock): string => new Date(clock.now()).toISOString();

/** How long a line may wait for others: not at all, to the end of the turn of the event loop, or for a whole batch. */
type Urgency = 'now' | 'turn' | 'batch';

/** A line waits for no other if an operator has to act on it and the process may end. */
function urgencyOf(level: Level, { mayHaveBeenApplied, signal, codes }: LogFields): Urgency {
  const isInDoubt = mayHaveBeenApplied === true || codes?.includes('OUTCOME_UNKNOWN') === true;
  if (level === 'error' || signal !== undefined || isInDoubt) {
    return 'now';
  }
  return level === 'warn' ? 'turn' : 'batch';
}

/**
 * Escapes what JSON leaves as it is and terminals and log viewers obey: controls beyond ASCII's first 32, line and
 * paragraph separators, and marks that turn the direction of writing.
 */
function escapeControls(line: string): string {
  return line.replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Name and stack frames of an unexpected error; its message may quote what a caller sent, so it stays out. */
function describe(error: unknown): { error: { name: string; frames: string[] } } | undefined {
  if (!(error instanceof Error)) {
    return undefined;
  }
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { error: { name: error.name, frames: frames.slice(0, 12).map((line) => line.trim()) } };
}

/** A place for log lines that neither waits for its reader nor keeps more for it than it may. */
interface BoundedSink extends LogSink {
  /** Hands over what is there, at once as far as that goes; resolves when it is taken, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

const mostBytes = 1024 * 1024;
/** A batch is handed over when it has so many bytes, or is so old. */
const batchBytes = 32 * 1024;
const batchMs = 100;

/** What the sink needs of a stream of Node.js. Its types would be needed by all who use this package's. */
interface LineStream {
  readonly writableLength: number;
  on(event: 'error', listener: () => void): unknown;
  write(text: string, onWritten?: () => void): unknown;
}

/**
 * Writes to a stream in batches, because a write costs the system more than a line costs to make. What its reader does
 * not take in time is lost, and told when there is room again; once the stream is broken, everything is. Own code,
 * because with pino's destination a process whose reader stops cannot end any more.
 */
export function createBoundedSink(stream: LineStream, clock: Clock): BoundedSink {
  let pending = '';
  let pendingBytes = 0;
  let isDueThisTurn = false;
  let stopTimer: (() => void) | undefined;
  let isBroken = false;
  let lost = 0;

  stream.on('error', () => {
    isBroken = true;
    takePending();
  });

  function takePending(): string {
    const text = pending;
    pending = '';
    pendingBytes = 0;
    return text;
  }

  function push(): void {
    stopTimer?.();
    stopTimer = undefined;
    const text = takePending();
    if (text !== '') {
      stream.write(text);
    }
  }

  function keep(text: string): void {
    pending += text;
    pendingBytes += Buffer.byteLength(text);
  }

  function schedule(urgency: Urgency): void {
    if (urgency === 'now' || pendingBytes >= batchBytes) {
      push();
    } else if (urgency === 'turn' && !isDueThisTurn) {
      isDueThisTurn = true;
      setImmediate(() => {
        isDueThisTurn = false;
        push();
      });
    } else if (urgency === 'batch') {
      stopTimer ??= clock.startTimer(batchMs, push);
    }
  }

  return {
    write(line, urgency) {
      if (isBroken) {
        return;
      }
      if (stream.writableLength + pendingBytes + Buffer.byteLength(line) > mostBytes) {
        lost += 1;
        return;
      }
      if (lost > 0) {
        const message = 'Log lines were dropped, because their reader was too slow';
        const note = { level: 'warn', time: isoTimeOf(clock), count: lost, message };
        keep(`${JSON.stringify(note)}\n`);
        lost = 0;
      }
      keep(line);
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
