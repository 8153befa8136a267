import { type DoctorParts, doctorCommand } from '../../src/doctor/command.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLog } from './logs.ts';
import { noMeasurements } from './measurements.ts';
import { startTraceOfNobody } from './traces.ts';

/** What the doctor said. */
export interface Diagnosis {
  readonly exitCode: number;
  readonly output: string;
  /** One line for each finding. */
  readonly lines: readonly string[];
}

/** Lets the doctor examine an environment, in this process and over real sockets; the report is read as JSON. */
export async function diagnose(
  environment: Record<string, string>,
  parts: Partial<DoctorParts> = {},
  args: readonly string[] = [],
): Promise<Diagnosis> {
  const { exitCode, output } = await doctorCommand(['--json', ...args], {
    environment,
    readFile: async () => {
      throw Object.assign(new Error('none'), { code: 'ENOENT' });
    },
    readStdin: async () => '',
    clock: systemClock,
    log: silentLog,
    measurements: noMeasurements,
    startTrace: startTraceOfNobody,
    chance: () => 0,
    newId: () => 'doctor',
    timeoutMs: 20_000,
    ...parts,
  });
  const { findings } = JSON.parse(output) as { findings: readonly Finding[] };
  const lines = findings.map(({ check, severity, message }) => `${severity} ${check}: ${message}`);
  return { exitCode, output, lines };
}
