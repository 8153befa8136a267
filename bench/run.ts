import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { addOperation, listOperation, partner } from './bodies.ts';
import { measureFailFast } from './failFast.ts';
import { measureLateness } from './lateness.ts';
import { type Started, startProgram } from './processes.ts';

/**
 * Prints the CPU time per request of the gateway beside a bare proxy, measured in turns in one run: what counts is the
 * ratio. Then how long a request takes while Graph is known to be down, and how long after its deadline it ends while
 * Graph is silent. Every answer is checked.
 */
const path = '/beta/deviceManagement/complianceManagementPartners';
const connections = 32;
const rounds = 5;

interface Load {
  readonly requests: number;
  readonly send: (pool: Pool) => Promise<{ status: number; body: string }>;
  readonly isRight: (answer: { status: number; body: string }) => boolean;
}

interface Scenario {
  readonly name: string;
  readonly gateway: Load;
  readonly proxy: Load;
}

const sendGraphQL = (body: string) => (pool: Pool) =>
  send(pool, 'POST', '/graphql', body, { authorization: 'Bearer bench-token' });

const scenarios: readonly Scenario[] = [
  {
    name: 'add',
    gateway: {
      requests: 4000,
      send: sendGraphQL(addOperation),
      isRight: ({ status, body }) =>
        status === 200 &&
        body.includes(partner.lastHeartbeatDateTime) &&
        body.includes('"userErrors":[]'),
    },
    proxy: {
      requests: 4000,
      send: (pool) => send(pool, 'POST', path, JSON.stringify(partner)),
      isRight: ({ status, body }) => status === 201 && body.includes(partner.lastHeartbeatDateTime),
    },
  },
  {
    name: 'list of 100',
    gateway: {
      requests: 800,
      send: sendGraphQL(listOperation),
      isRight: ({ status, body }) =>
        status === 200 && body.split(partner.lastHeartbeatDateTime).length === 101,
    },
    proxy: {
      requests: 800,
      send: (pool) => send(pool, 'GET', path),
      isRight: ({ status, body }) =>
        status === 200 && body.split(partner.lastHeartbeatDateTime).length === 101,
    },
  },
];

async function send(
  pool: Pool,
  method: 'GET' | 'POST',
  target: string,
  body: string | null = null,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: string }> {
  const answer = await pool.request({
    method,
    path: target,
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  return { status: answer.statusCode, body: await answer.body.text() };
}

/** Sends all requests of a load over the connections; gives the CPU microseconds per request. */
async function measure(program: Started, load: Load, share = 1): Promise<number> {
  const pool = new Pool(program.url, { connections });
  let left = Math.round(load.requests * share);
  const total = left;
  const startUs = program.cpuUs();
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const answer = await load.send(pool);
      if (!load.isRight(answer)) {
        throw new Error(`A wrong answer: ${answer.status} ${answer.body.slice(0, 500)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const usedUs = program.cpuUs() - startUs;
  await pool.close();
  return usedUs / total;
}

const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;

const local = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const mock = await startProgram(local('./mockGraph.js'));
const proxy = await startProgram(local('./bareProxy.js'), [mock.url]);
const program = local('../../dist/main.js');
const gateway = await startProgram(program, [], {
  GRAPH_BASE_URL: mock.url,
  // What is measured is the work, not the waiting for Graph's limits.
  GRAPH_WRITE_BUDGET: '100000',
  GRAPH_REQUEST_BUDGET: '100000',
  SHED_EVENT_LOOP_DELAY_MS: '0',
  PORT: '0',
  NODE_ENV: 'production',
});
try {
  const lines = [
    `Node ${process.version}, ${connections} connections, median of ${rounds} rounds`,
    '',
  ];
  for (const scenario of scenarios) {
    const gatewayUs: number[] = [];
    const proxyUs: number[] = [];
    await measure(gateway, scenario.gateway, 0.5);
    await measure(proxy, scenario.proxy, 0.5);
    for (let round = 0; round < rounds; round += 1) {
      gatewayUs.push(await measure(gateway, scenario.gateway));
      proxyUs.push(await measure(proxy, scenario.proxy));
    }
    const [used, floor] = [median(gatewayUs), median(proxyUs)];
    const ratio = (used / floor).toFixed(2);
    lines.push(
      `${scenario.name.padEnd(12)} gateway ${used.toFixed(0).padStart(6)} µs   bare proxy ${floor.toFixed(0).padStart(5)} µs   ratio ${ratio}`,
    );
  }
  lines.push(await measureFailFast(program), await measureLateness(program));
  process.stdout.write(`${lines.join('\n')}\n`);
} finally {
  for (const program of [gateway, proxy, mock]) {
    program.stop();
  }
}
