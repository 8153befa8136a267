/** How a check came out: fine, legal but doubtful, or wrong. */
export type Severity = 'ok' | 'warning' | 'problem';

/** What was looked at. The names are stable, so that programs can tell findings apart. */
export type CheckName =
  | 'configuration'
  | 'proxy'
  | 'graph'
  | 'clock'
  | 'authority'
  | 'credential'
  | 'token'
  | 'sandbox'
  | 'redis'
  | 'gateway';

/** One thing that was found, in words. Tokens, secrets and keys are never part of it. */
export interface Finding {
  readonly check: CheckName;
  readonly severity: Severity;
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

export function ok(check: CheckName, message: string): Finding {
  return { check, severity: 'ok', message };
}

export function warning(check: CheckName, message: string, remedy: string): Finding {
  return { check, severity: 'warning', message, remedy };
}

export function problem(check: CheckName, message: string, remedy: string): Finding {
  return { check, severity: 'problem', message, remedy };
}
