import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { type Started, startProgram } from '../processes.ts';
import { runOpenLoad, sendOne } from './openLoad.ts';
import { lineOf, secondsToNormal, summarize } from './summary.ts';

/**
 * Sends three times as much as the gateway can do, prints what became of it, and ends with 1 where that is not as good
 * as it has to be: the accepted are answered in `--ratio` times the normal time at the most (the 99th percentile), the
 * others refused in `--refused-ms`, and all is normal again within 5 s. Then sends three times as many adds as Graph's
 * budget allows, and counts what Graph gets.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    ratio: { type: 'string', default: '2' },
    'refused-ms': { type: 'string', default: '50' },
    'graph-ms': { type: 'string', default: '100' },
    'delay-ms': { type: 'string', default: '10' },
  },
});
const seconds = Number(values.seconds);
const normalSeconds = Math.max(3, seconds / 4);
const recoverySeconds = 8;
const normalShare = 0.5;
/** Enough that the gateway and not Graph's 100 ms is what the capacity ends at. */
const callers = 128;
const warmUpMs = 2_000;
const capacityMs = 4_000;
const writeBudget = 100;
const windowSeconds = 20;

const local = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const problems: string[] = [];
const demand = (isTrue: boolean, problem: string): void => {
  if (!isTrue) {
    problems.push(problem);
  }
};

/** How many requests per second are answered where each caller waits for its answer, and nothing is refused. */
async function measureCapacity(mock: Started): Promise<number> {
  const gateway = await startGateway(mock, { SHED_EVENT_LOOP_DELAY_MS: '0' });
  const pool = new Pool(gateway.url, { pipelining: 1 });
  let answered = 0;
  const run = async (ms: number): Promise<void> => {
    const untilMs = performance.now() + ms;
    const call = async (caller: number): Promise<void> => {
      for (let turn = caller; performance.now() < untilMs; turn += 1) {
        const outcome = await sendOne(pool, turn % 2 === 0);
        answered += outcome === 'accepted' ? 1 : 0;
      }
    };
    await Promise.all(Array.from({ length: callers }, (_value, caller) => call(caller)));
  };
  try {
    await run(warmUpMs);
    answered = 0;
    await run(capacityMs);
    return answered / (capacityMs / 1000);
  } finally {
    await pool.destroy();
    gateway.stop();
  }
}

async function overload(mock: Started): Promise<void> {
  const capacity = await measureCapacity(mock);
  const gateway = await startGateway(mock, { SHED_EVENT_LOOP_DELAY_MS: values['delay-ms'] });
  const pool = new Pool(gateway.url, { pipelining: 1 });
  try {
    print(`capacity   ${capacity.toFixed(0)}/s, Graph answers in ${values['graph-ms']} ms`);
    const normalRate = capacity * normalShare;
    await runOpenLoad(pool, normalRate, warmUpMs / 1000);
    const normal = summarize(await runOpenLoad(pool, normalRate, normalSeconds), normalSeconds);
    print(lineOf('normal', normal));
    const over = summarize(await runOpenLoad(pool, capacity * 3, seconds), seconds);
    print(lineOf('3x', over));
    const after = await runOpenLoad(pool, normalRate, recoverySeconds);
    print(lineOf('afterwards', summarize(after, recoverySeconds)));
    const ratio = over.acceptedP99Ms / normal.acceptedP99Ms;
    const recovery = secondsToNormal(after, normal.acceptedP99Ms * Number(values.ratio));
    print(
      `p99 of the accepted: ${ratio.toFixed(2)} times the normal; normal after ${recovery ?? 'more than 8'} s`,
    );
    demand(over.wrong === 0 && normal.wrong === 0, 'an answer was wrong');
    demand(normal.refused === 0, 'requests were refused at half of the capacity');
    demand(over.refused > 0, 'nothing was refused: that was no overload');
    demand(ratio <= Number(values.ratio), 'the accepted were answered too late');
    demand(over.refusedP99Ms <= Number(values['refused-ms']), 'the others were refused too late');
    demand(over.acceptedPerSecond >= capacity / 3, 'too few were accepted');
    demand(recovery !== undefined && recovery <= 5, 'it took too long until all was normal');
  } finally {
    await pool.destroy();
    gateway.stop();
  }
}

async function exceedBudget(mock: Started): Promise<void> {
  const gateway = await startGateway(mock, { GRAPH_WRITE_BUDGET: String(writeBudget) });
  const pool = new Pool(gateway.url, { pipelining: 1 });
  const before = await addsReceived(mock);
  try {
    const perSecond = (3 * writeBudget) / windowSeconds;
    const load = summarize(await runOpenLoad(pool, perSecond * 2, seconds), seconds);
    const adds = (await addsReceived(mock)) - before;
    // Those that wait at the end go out in the window that follows.
    const allowed = writeBudget * (Math.ceil(seconds / windowSeconds) + 1);
    print(lineOf('budget', load));
    print(
      `adds sent  ${(perSecond * seconds).toFixed(0)}, received by Graph ${adds}, allowed ${allowed}`,
    );
    demand(adds <= allowed, "Graph's budget was exceeded");
    demand(load.wrong === 0, 'an answer was wrong while the budget was used up');
  } finally {
    await pool.destroy();
    gateway.stop();
  }
}

function startGateway(
  mock: Started,
  environment: Readonly<Record<string, string>> = {},
): Promise<Started> {
  return startProgram(local('../../../dist/main.js'), [], {
    GRAPH_BASE_URL: mock.url,
    GRAPH_WRITE_BUDGET: '100000',
    GRAPH_REQUEST_BUDGET: '100000',
    // Many enough that what is short is the gateway's own time.
    GRAPH_CONNECTIONS: '512',
    PORT: '0',
    NODE_ENV: 'production',
    ...environment,
  });
}

async function addsReceived(mock: Started): Promise<number> {
  const pool = new Pool(mock.url);
  const answer = await pool.request({ method: 'GET', path: '/received' });
  const { adds } = (await answer.body.json()) as { adds: number };
  await pool.close();
  return adds;
}

const mock = await startProgram(local('../mockGraph.js'), [values['graph-ms']]);
try {
  print(`Node ${process.version}, overload of ${seconds} s`);
  await overload(mock);
  await exceedBudget(mock);
} finally {
  mock.stop();
}
for (const problem of problems) {
  print(`NOT AS IT HAS TO BE: ${problem}`);
}
process.exitCode = problems.length === 0 ? 0 : 1;
