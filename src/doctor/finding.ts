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

export interface Report {
  readonly findings: readonly Finding[];
  /** 0: all is fine or only doubtful; 1: something is wrong; 78 (`EX_CONFIG`): the configuration cannot be used. */
  readonly exitCode: 0 | 1 | 78;
}

export function reportOf(findings: readonly Finding[]): Report {
  return { findings, exitCode: findings.some(({ severity }) => severity === 'problem') ? 1 : 0 };
}

/** The report for people: a line for each finding, below it what to do, and at the end how many there are. */
export function textOf({ findings }: Report): string {
  const lines = findings.flatMap(({ check, severity, message, remedy }) => [
    `${severity.padEnd(8)} ${check.padEnd(14)} ${message}`,
    ...(remedy === undefined ? [] : [`${' '.repeat(24)}${remedy}`]),
  ]);
  const count = (severity: Finding['severity']) =>
    findings.filter((finding) => finding.severity === severity).length;
  const summary = `${count('problem')} wrong, ${count('warning')} doubtful, ${count('ok')} fine`;
  return `${[...lines, '', summary].join('\n')}\n`;
}
