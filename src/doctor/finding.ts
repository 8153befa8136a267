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

/** How the command ends: all is fine, something is wrong, or the configuration cannot be used (`EX_CONFIG`). */
export type DoctorExitCode = 0 | 1 | 78;

/** What is reported. */
export interface Report {
  readonly findings: readonly Finding[];
  readonly exitCode: DoctorExitCode;
}

const indent = ' '.repeat(24);

/** Decides how the command ends; doubts alone are no failure. */
export function exitCodeOf(findings: readonly Finding[], isConfigUsable: boolean): DoctorExitCode {
  if (!isConfigUsable) {
    return 78;
  }
  return findings.some(({ severity }) => severity === 'problem') ? 1 : 0;
}

/** The report for people: a line for each finding, below it what to do, and at the end how many there are. */
export function textOf({ findings }: Report): string {
  const lines = findings.flatMap(({ check, severity, message, remedy }) => [
    `${severity.padEnd(8)} ${check.padEnd(14)} ${message}`,
    ...(remedy === undefined ? [] : [`${indent}${remedy}`]),
  ]);
  const count = (severity: Severity) =>
    findings.filter((finding) => finding.severity === severity).length;
  const summary = `${count('problem')} wrong, ${count('warning')} doubtful, ${count('ok')} fine`;
  return `${[...lines, '', summary].join('\n')}\n`;
}

/** The same for programs: one JSON object, ended by a line break. */
export function jsonOf({ findings, exitCode }: Report): string {
  return `${JSON.stringify({ exitCode, findings }, null, 2)}\n`;
}
