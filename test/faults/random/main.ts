import { parseArgs } from 'node:util';
import { isClean, runRandomFaults } from './runRandomFaults.ts';
import { progressLine, summaryTable } from './summaryTable.ts';

/**
 * Plays random faults against whole gateways and prints what became of it; ends with 1 where a request hung, an add was
 * executed twice or an answer was not true. `--from` with `--runs 1` plays a reported case again.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    from: { type: 'string', default: '0' },
    lanes: { type: 'string', default: '24' },
  },
});

function wholeNumber(name: keyof typeof values): number {
  const number = Number(values[name]);
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new RangeError(`--${name} must be a whole number`);
  }
  return number;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const summary = await runRandomFaults({
  runs: wholeNumber('runs'),
  seed: wholeNumber('seed'),
  from: wholeNumber('from'),
  lanes: wholeNumber('lanes'),
  withHeavyFaults: true,
  onProgress: (now) => print(progressLine(now)),
});
print(summaryTable(summary));
// Not left to the event loop: with connections in every state of decay, Node.js was seen to spin while it took them down.
process.exit(isClean(summary) ? 0 : 1);
