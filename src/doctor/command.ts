import type { Environment } from '../config/readers.ts';
import type { Surroundings } from '../dependencies.ts';
import { decideFindings } from './checks.ts';
import { unusableFindings } from './configuration.ts';
import { readDoctorOptions } from './doctorOptions.ts';
import { problem } from './finding.ts';
import { gatherFacts } from './gatherFacts.ts';
import { reasonOf } from './probes/probeParts.ts';
import { type GivenToken, readToken } from './readToken.ts';
import { readWholeConfig } from './readWholeConfig.ts';
import { type DoctorExitCode, exitCodeOf, jsonOf, type Report, textOf } from './report.ts';

/** What the command takes from the outside. */
export interface DoctorParts extends Surroundings {
  readonly environment: Environment;
  readonly readFile: (path: string) => Promise<string>;
  readonly readStdin: () => Promise<string>;
  /** How long one probe may take; 5 s where absent. */
  readonly timeoutMs?: number;
}

/** How the command ends: as the report says, or with 64 (`EX_USAGE`) where it was called in a wrong way. */
export interface DoctorResult {
  readonly exitCode: DoctorExitCode | 64;
  readonly output: string;
}

const defaultTimeoutMs = 5_000;

const usage = `Usage: compliance-partner-gateway doctor [options]

Checks whether a gateway with this environment would work, and says what to do where it would not.

  --json               the report as JSON
  --token-file <file>  looks at a token that callers send; - reads it from standard input,
                       and the variable GRAPH_TOKEN holds one too. It is never printed.
  --url <address>      looks at a running gateway, too
  --help               this text

Ends with 0 (fine, or only doubtful), 1 (something is wrong), 64 (called in a wrong way) or 78 (the configuration
cannot be used).
`;

/** Examines everything once. Never rejects because of what it finds: every failure is a finding. */
export async function doctorCommand(
  args: readonly string[],
  parts: DoctorParts,
): Promise<DoctorResult> {
  const wish = readDoctorOptions(args);
  if (wish.kind !== 'examine') {
    return wish.kind === 'help'
      ? { exitCode: 0, output: usage }
      : { exitCode: 64, output: `${wish.problem}\n\n${usage}` };
  }
  const given = await readToken({
    tokenFile: wish.tokenFile,
    variable: parts.environment['GRAPH_TOKEN'],
    ...parts,
  });
  const report = await examine(given, wish.url, parts).catch(brokenOff);
  return { exitCode: report.exitCode, output: wish.isJson ? jsonOf(report) : textOf(report) };
}

/** The last resort: an error that nothing else understood becomes a finding, and no stack. */
function brokenOff(error: unknown): Report {
  const finding = problem(
    'configuration',
    `The examination broke off with an unexpected error (${reasonOf(error)}).`,
    'Check the addresses and files that the configuration names; if they are right, this is a fault of the doctor.',
  );
  return { findings: [finding], exitCode: 1 };
}

async function examine(
  { token, findings: tokenProblems }: GivenToken,
  url: URL | undefined,
  parts: DoctorParts,
): Promise<Report> {
  const { environment } = parts;
  const read = await readWholeConfig(environment);
  if (read.config === undefined) {
    const findings = [...unusableFindings(read.problems), ...tokenProblems];
    return { findings, exitCode: exitCodeOf(findings, false) };
  }
  const { config, readNames } = read;
  const subjects = { token, url };
  const facts = await gatherFacts(config, subjects, parts, parts.timeoutMs ?? defaultTimeoutMs);
  const view = { url, nowMs: parts.clock.now() };
  const findings = [
    ...decideFindings({ config, environment, readNames }, facts, view),
    ...tokenProblems,
  ];
  return { findings, exitCode: exitCodeOf(findings, true) };
}
