import { doctorCommand } from '../../src/doctor/command.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { startLogTrace } from '../../src/telemetry/trace.ts';
import { silentLog } from './logs.ts';
import { noMeasurements } from './measurements.ts';

/** What the doctor takes from the outside, beside an environment. */
export const doctorParts = {
  readStdin: async () => '',
  clock: systemClock,
  log: silentLog,
  measurements: noMeasurements,
  startTrace: startLogTrace,
  chance: () => 0,
  newId: () => 'doctor',
  timeoutMs: 20_000,
};

/** Has the doctor examine an environment over real sockets; reads its report as JSON, one line for each finding. */
export async function diagnose(
  environment: Record<string, string>,
  parts: Partial<Parameters<typeof doctorCommand>[1]> = {},
  args: readonly string[] = [],
) {
  const all = { ...doctorParts, environment, ...parts };
  const { exitCode, output } = await doctorCommand(['--json', ...args], all);
  const { findings } = JSON.parse(output) as { findings: readonly Finding[] };
  const lines = findings.map(({ check, severity, message }) => `${severity} ${check}: ${message}`);
  return { exitCode, output, lines };
}
