import type { Log, LogFields } from '../../src/telemetry/log.ts';

type RecordedLine = LogFields & { readonly message: string };

/** A log that keeps its lines. */
export function recordingLog(): Log & { readonly lines: readonly RecordedLine[] } {
  const lines: RecordedLine[] = [];
  const write = (message: string, fields: LogFields = {}): void => {
    lines.push({ message, ...fields });
  };
  return { lines, debug: write, info: write, warn: write, error: write };
}

const drop = (): void => undefined;
/** A log that keeps nothing. */
export const silentLog: Log = { debug: drop, info: drop, warn: drop, error: drop };
