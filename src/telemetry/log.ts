import { type Clock, systemClock } from '../shared/clock.ts';
import { standardOutput, type Urgency } from './logSink.ts';

/** What may stand in a log line. There is no place for bodies, variables, headers or tokens. */
export interface LogFields {
  readonly requestId?: string | undefined;
  /** 32 hex digits. */
  readonly traceId?: string | undefined;
  /** What the document asks for: `query` or `mutation`, and its own name for it. */
  readonly operationType?: string | undefined;
  readonly operationName?: string | undefined;
  readonly operation?: string | undefined;
  readonly method?: string | undefined;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly codes?: readonly string[] | undefined;
  readonly durationMs?: number | undefined;
  readonly delayMs?: number | undefined;
  readonly attempt?: number | undefined;
  readonly route?: string | undefined;
  readonly graphClientRequestId?: string | undefined;
  readonly hasCallerLeft?: boolean | undefined;
  readonly state?: string | undefined;
  readonly graphRequestId?: string | undefined;
  /** Of the first ten attempts of an operation; and the status of the last one. */
  readonly graphOperations?: readonly string[] | undefined;
  readonly graphRequestIds?: readonly string[] | undefined;
  readonly graphDurationsMs?: readonly number[] | undefined;
  readonly graphStatus?: number | undefined;
  /** How many attempts there were, if there were more than ten. */
  readonly graphAttempts?: number | undefined;
  readonly retries?: number | undefined;
  readonly graphCode?: string | undefined;
  readonly mayHaveBeenApplied?: boolean | undefined;
  readonly reason?: string | undefined;
  readonly fault?: string | undefined;
  readonly systemCode?: string | undefined;
  readonly url?: string | undefined;
  /** The path of a file that the operator needs. */
  readonly file?: string | undefined;
  readonly signal?: string | undefined;
  readonly upstream?: string | undefined;
  readonly limit?: string | undefined;
  readonly seen?: number | undefined;
  readonly allowed?: number | undefined;
  /** SHA-256 of a GraphQL document, in hexadecimal. */
  readonly documentHash?: string | undefined;
}

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
export function createLogger(
  level: string,
  sink: LogSink = standardOutput(),
  clock: Pick<Clock, 'now'> = systemClock,
): Log {
  const isoOf = createIsoTime();
  const least = levels.indexOf(level);
  const writerOf = (own: Level): Log['error'] => {
    if (levels.indexOf(own) < least) {
      return () => undefined;
    }
    return (message, fields = {}, error) => {
      const time = isoOf(clock.now());
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

/** Says how long a line may wait for others: not at all if an operator has to act on it and the process may end. */
export function urgencyOf(level: Level, { mayHaveBeenApplied, signal, codes }: LogFields): Urgency {
  const isInDoubt = mayHaveBeenApplied === true || codes?.includes('OUTCOME_UNKNOWN') === true;
  if (level === 'error' || signal !== undefined || isInDoubt) {
    return 'now';
  }
  return level === 'warn' ? 'turn' : 'batch';
}

/** Many lines fall into one millisecond. */
function createIsoTime(): (nowMs: number) => string {
  let lastMs = Number.NaN;
  let text = '';
  return (nowMs) => {
    if (nowMs !== lastMs) {
      lastMs = nowMs;
      text = new Date(nowMs).toISOString();
    }
    return text;
  };
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
