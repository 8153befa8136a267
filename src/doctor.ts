import { text } from 'node:stream/consumers';
import { metrics } from '@opentelemetry/api';
import { doctorCommand } from './doctor/command.ts';
import { systemClock } from './shared/clock.ts';
import { createLogger } from './telemetry/log.ts';
import { createMeasurements } from './telemetry/metrics.ts';
import { startLogTrace } from './telemetry/trace.ts';

const { exitCode, output } = await doctorCommand(process.argv.slice(2), {
  environment: process.env,
  readStdin: () => text(process.stdin),
  clock: systemClock,
  log: createLogger('silent'),
  measurements: createMeasurements(metrics.getMeter('doctor')),
  startTrace: startLogTrace,
  // Nothing is repeated here, so nothing has to be spread or told apart.
  chance: () => 0,
  newId: () => 'doctor',
});
(exitCode === 64 ? process.stderr : process.stdout).write(output, () => process.exit(exitCode));
