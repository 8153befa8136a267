import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { bearer, partner } from './bodies.ts';
import { measureFailFast } from './failFast.ts';
import { measureLateness } from './lateness.ts';
import { percentile } from './overload/summary.ts';
import { type Started, startProgram } from './processes.ts';
import { type Scenario, scenarios } from './scenarios.ts';

/**
 * Compares the gateway with a bare proxy, Apollo on Fastify and mercurius, in turns in one run: what counts is the ratio
 * of CPU time per request to the proxy's. Every answer is checked. Logs go to files, and tokens have 2 KB. A short run:
 * `npm run bench -- --only add,by-id --connections 32 --rounds 3 --compare-only`.
 */
const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: scenarios.map(({ name }) => name).join() },
    connections: { type: 'string', default: '1,32,256' },
    rounds: { type: 'string', default: '5' },
    /** Of the requests of each measurement. */
    share: { type: 'string', default: '1' },
    /** Leaves out what is no comparison: failing fast, and lateness. */
    'compare-only': { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
const share = Number(options.share);

const local = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const main = local('../../dist/main.js');
const quiet = {
  // What is measured is the work, not the waiting for Graph's limits.
  GRAPH_WRITE_BUDGET: '100000',
  GRAPH_REQUEST_BUDGET: '100000',
  SHED_EVENT_LOOP_DELAY_MS: '0',
  SHED_OPEN_REQUESTS: '0',
  PORT: '0',
  NODE_ENV: 'production',
};

/** Takes all that telemetry is sent to it. */
async function startCollector(): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end('{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

type Starter = (nodeOptions?: readonly string[]) => Promise<Started>;

function startersFor(graph: string, collector: string): Readonly<Record<string, Starter>> {
  const gateway =
    (more: Readonly<Record<string, string>>): Starter =>
    (nodeOptions) =>
      startProgram(main, [], { ...quiet, GRAPH_BASE_URL: graph, ...more }, nodeOptions);
  const peer =
    (file: string): Starter =>
    (nodeOptions) =>
      startProgram(local(file), [graph], { NODE_ENV: 'production' }, nodeOptions);
  return {
    proxy: peer('./bareProxy.js'),
    gateway: gateway({}),
    'gateway, traced': gateway({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector,
      OTEL_METRICS_EXPORTER: 'none',
    }),
    'Apollo on Fastify': peer('../peers/apollo.mjs'),
    'mercurius, jit': peer('../peers/mercurius.mjs'),
  };
}

interface Measured {
  readonly us: number;
  readonly latenciesMs: readonly number[];
}

/** Sends all requests of a scenario over the connections, and checks every answer. */
async function measure(
  name: string,
  program: Started,
  scenario: Scenario,
  connections: number,
  part = 1,
): Promise<Measured> {
  const pool = new Pool(program.url, { connections });
  const total = Math.max(connections, Math.round(scenario.requests * share * part));
  const { method, path, body } =
    name === 'proxy'
      ? scenario.call
      : ({ method: 'POST', path: '/graphql', body: scenario.operation } as const);
  const headers = { 'content-type': 'application/json', authorization: bearer };
  const latenciesMs: number[] = [];
  let left = total;
  const startUs = program.cpuUs();
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const startedMs = performance.now();
      const answer = await pool.request({ method, path, body, headers });
      const text = await answer.body.text();
      latenciesMs.push(performance.now() - startedMs);
      const found = text.split(partner.lastHeartbeatDateTime).length - 1;
      if (answer.statusCode >= 300 || found !== scenario.partners) {
        throw new Error(`A wrong answer of ${name}: ${answer.statusCode} ${text.slice(0, 500)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const us = (program.cpuUs() - startUs) / total;
  await pool.close();
  return { us, latenciesMs };
}

const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;

/** How far the rounds are apart, as a share of their median. */
const spreadOf = (values: readonly number[]): string =>
  `±${(((Math.max(...values) - Math.min(...values)) / 2 / median(values)) * 100).toFixed(0)} %`;

/** The peers read no names. */
const canRun = (name: string, { hasNames = false }: Scenario): boolean =>
  !hasNames || name === 'proxy' || name.startsWith('gateway');

/** The rows of a table: what fields cost that can be asked for in another form. */
const fieldCosts: string[] = [];

async function compare(
  programs: Readonly<Record<string, Started>>,
  scenario: Scenario,
  connections: number,
): Promise<string> {
  const entries = Object.entries(programs).filter(([name]) => canRun(name, scenario));
  const flat = scenarios.find(({ name }) => name === scenario.flat);
  const flatUs: number[] = [];
  const us = new Map(entries.map(([name]): [string, number[]] => [name, []]));
  const latenciesMs = new Map(entries.map(([name]): [string, number[]] => [name, []]));
  for (const [name, program] of entries) {
    await measure(name, program, scenario, connections, 2);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, program] of entries) {
      const measured = await measure(name, program, scenario, connections);
      us.get(name)?.push(measured.us);
      latenciesMs.get(name)?.push(...measured.latenciesMs);
      if (name === 'gateway' && flat !== undefined) {
        flatUs.push((await measure(name, program, flat, connections)).us);
      }
    }
  }
  if (flat !== undefined) {
    const ratios = flatUs.map((one, round) => (us.get('gateway')?.[round] ?? Number.NaN) / one);
    const figures = `${median(ratios).toFixed(2)} ${spreadOf(ratios)}`;
    fieldCosts.push(row([scenario.name, String(connections), figures]));
  }
  const floor = median(us.get('proxy') ?? []);
  const added = (percent: number): string =>
    (
      percentile(latenciesMs.get('gateway') ?? [], percent) -
      percentile(latenciesMs.get('proxy') ?? [], percent)
    ).toFixed(2);
  const cells = Object.keys(programs).map((name) => {
    const values = us.get(name) ?? [];
    if (values.length === 0) {
      return '–';
    }
    const figure =
      name === 'proxy' ? `${floor.toFixed(0)} µs` : (median(values) / floor).toFixed(2);
    return `${figure} ${spreadOf(values)}`;
  });
  return row([scenario.name, String(connections), ...cells, `${added(0.5)} / ${added(0.99)} ms`]);
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** Memory that garbage collections gave back or kept, from the lines of `--trace-gc`: what was allocated between them. */
function allocatedMiB(trace: string): number {
  let sum = 0;
  let after = 0;
  for (const [, before = '', left = ''] of trace.matchAll(
    /ms: \S+.*? (\d+\.\d) \(\d.*?\) -> (\d+\.\d) \(/g,
  )) {
    sum += Math.max(0, Number(before) - after);
    after = Number(left);
  }
  return sum;
}

/** KiB that one request allocates, in a process of its own. */
async function measureAllocation(
  name: string,
  start: Starter,
  scenario: Scenario,
): Promise<string> {
  const program = await start(['--trace-gc']);
  await measure(name, program, scenario, 32, 1);
  const before = allocatedMiB(program.output());
  await measure(name, program, scenario, 32, 2);
  const kib = ((allocatedMiB(program.output()) - before) * 1_024) / (2 * scenario.requests * share);
  program.stop();
  return kib.toFixed(0);
}

const collector = await startCollector();
const mock = await startProgram(local('./mockGraph.js'));
const starters = startersFor(mock.url, collector.url);
const setRows = async ({ rows, hasNames = false }: Scenario): Promise<void> => {
  const pool = new Pool(mock.url);
  const path = `/rows/${rows}${hasNames ? '?names' : ''}`;
  await (await pool.request({ method: 'GET', path })).body.dump();
  await pool.close();
};
const chosen = scenarios.filter(({ name }) => options.only.split(',').includes(name));
const programs: Record<string, Started> = {};
const print = (line: string): void => void process.stdout.write(`${line}\n`);
try {
  for (const [name, start] of Object.entries(starters)) {
    programs[name] = await start();
  }
  const names = Object.keys(programs);
  await pause(3_000);
  const idle = names.map((name) => programs[name]?.memoryMiB().toFixed(0) ?? '');
  print(
    `Node.js ${process.version}, median of ${rounds} rounds; CPU time as a multiple of the proxy's\n`,
  );
  print(row(['operation', 'connections', ...names, 'latency added, p50 / p99']));
  print(row(['---', '---', ...names.map(() => '---'), '---']));
  for (const scenario of chosen) {
    await setRows(scenario);
    for (const connections of options.connections.split(',').map(Number)) {
      print(await compare(programs, scenario, connections));
    }
  }
  if (fieldCosts.length > 0) {
    print(`\n${row(['operation', 'connections', 'as a multiple of the flat fields'])}`);
    print([row(['---', '---', '---']), ...fieldCosts].join('\n'));
  }
  print(`\n${row(['of a process', ...names])}`);
  print(row(['---', ...names.map(() => '---')]));
  print(row(['MiB when idle', ...idle]));
  print(row(['CPU ms to start', ...names.map((name) => String(programs[name]?.startCpuMs))]));
  for (const scenario of chosen) {
    await setRows(scenario);
    const cells: string[] = [];
    for (const [name, start] of Object.entries(starters)) {
      cells.push(canRun(name, scenario) ? await measureAllocation(name, start, scenario) : '–');
    }
    print(row([`KiB allocated, ${scenario.name}`, ...cells]));
  }
  if (!options['compare-only']) {
    print(`\n${await measureFailFast(main)}\n${await measureLateness(main)}`);
  }
} finally {
  for (const program of [...Object.values(programs), mock]) {
    program.stop();
  }
  collector.close();
}
