import type { Finding, Severity } from './finding.ts';

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
