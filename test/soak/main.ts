import { parseArgs } from 'node:util';
import { runSoak } from './runSoak.ts';

/**
 * Keeps a gateway busy with all that callers do, well-behaved or not, and a Graph that fails; then tells whether it holds
 * more than before. Ends with 1 where it does. An hour is what decides; what excludes a slope of 0.1 MB a minute there
 * cannot be excluded in the minutes that a quick check has, so that one is looser.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
  },
});
const minutes = Number(values.minutes);
const isLong = minutes >= 30;
const passed = await runSoak({
  minutes,
  warmUpMinutes: isLong ? 5 : minutes / 4,
  seed: Number(values.seed),
  mostMegabytesPerMinute: isLong ? 0.1 : 1,
  print: (text) => void process.stdout.write(`${text}\n`),
});
process.exitCode = passed ? 0 : 1;
