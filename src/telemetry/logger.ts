import { pino } from 'pino';
import type { Log, LogFields } from './log.ts';
import { standardOutput } from './standardOutput.ts';

/** Where lines go: standard output, or a test's own sink. */
export interface LogSink {
  write(line: string): void;
}

/** Builds the log: JSON lines with an ISO time, nothing but the allow-listed fields. */
export function createLogger(level: string, sink: LogSink = standardOutput()): Log {
  const options = {
    level,
    base: null,
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: escapeControls },
  };
  const logger = pino(options, sink);
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}, error) =>
      logger.error({ ...fields, ...describe(error) }, message),
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
function describe(error: unknown): LogFields & { error?: { name: string; frames: string[] } } {
  if (!(error instanceof Error)) {
    return {};
  }
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { error: { name: error.name, frames: frames.slice(0, 12).map((line) => line.trim()) } };
}
