/** One thing that was found, in words. Tokens, secrets and keys are never part of it. */
export interface Finding {
  /** What was looked at. The names are stable, so that programs can tell findings apart. */
  readonly check:
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
  /** How it came out: fine, legal but doubtful, or wrong. */
  readonly severity: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** Makes the findings of one check. */
export function findingsOf(check: Finding['check']) {
  const toFix =
    (severity: 'warning' | 'problem') =>
    (message: string, remedy: string): Finding => ({ check, severity, message, remedy });
  const ok = (message: string): Finding => ({ check, severity: 'ok', message });
  return { ok, warning: toFix('warning'), problem: toFix('problem') };
}
