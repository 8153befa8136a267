import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { startProgram } from '../processes.ts';
import { runOpenLoad } from './openLoad.ts';
import { lineOf, summarize } from './summary.ts';

/**
 * Sends 100 requests a second, first alone and then beside 2,000 half-sent bodies that are begun again when they are
 * cut. Ends with 1 unless all are answered, the 99th percentile in at most twice the normal time.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    bodies: { type: 'string', default: '2000' },
    rate: { type: 'string', default: '100' },
    'graph-ms': { type: 'string', default: '100' },
  },
});
const seconds = Number(values.seconds);
const rate = Number(values.rate);
const warmUpSeconds = 5;
const highestRatio = 2;

const local = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const print = (text: string): void => void process.stdout.write(`${text}\n`);

const mock = await startProgram(local('../mockGraph.js'), [values['graph-ms']]);
const gateway = await startProgram(local('../../../dist/main.js'), [], {
  GRAPH_BASE_URL: mock.url,
  GRAPH_WRITE_BUDGET: '100000',
  GRAPH_REQUEST_BUDGET: '100000',
  PORT: '0',
  NODE_ENV: 'production',
});
const pool = new Pool(gateway.url, { pipelining: 1 });
print(
  `Node ${process.version}, ${rate}/s for ${seconds} s beside ${values.bodies} half-sent bodies`,
);
await runOpenLoad(pool, rate, warmUpSeconds);
const normal = summarize(await runOpenLoad(pool, rate, seconds / 2), seconds / 2);
print(lineOf('normal', normal));
const holder = await startProgram(local('./holdHalfSent.js'), [gateway.url, values.bodies]);
const held = summarize(await runOpenLoad(pool, rate, seconds), seconds);
print(lineOf('half-sent', held));
holder.stop();
await pool.destroy();
gateway.stop();
mock.stop();
const ratio = held.acceptedP99Ms / normal.acceptedP99Ms;
print(`p99: ${ratio.toFixed(2)} times the normal`);
const isGood = ratio <= highestRatio && held.refused + held.wrong === 0;
process.exitCode = isGood ? 0 : 1;
