import { text } from 'node:stream/consumers';
import { metrics, trace } from '@opentelemetry/api';
import { doctorCommand } from './doctor/command.ts';
import { systemClock } from './shared/clock.ts';
import { readNamedFile } from './shared/namedFile.ts';
import { createLogger } from './telemetry/log.ts';
import { createMeasurements } from './telemetry/metrics.ts';
import { createStartTrace } from './telemetry/trace.ts';

const { exitCode, output } = await doctorCommand(process.argv.slice(2), {
  environment: process.env,
  readFile: async (path) => (await readNamedFile(path)).toString('utf8'),
  readStdin: () => text(process.stdin),
  clock: systemClock,
  log: createLogger('silent'),
  measurements: createMeasurements(metrics.getMeter('doctor')),
  startTrace: createStartTrace(trace.getTracer('doctor')),
  // Nothing is repeated here, so nothing has to be spread or told apart.
  chance: () => 0,
  newId: () => 'doctor',
});
(exitCode === 64 ? process.stderr : process.stdout).write(output, () => process.exit(exitCode));
