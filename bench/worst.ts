import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { startProgram } from './processes.ts';
import { createRequests, type Operation } from './worst/requests.ts';
import { rowKinds } from './worst/rowKinds.ts';

/**
 * Searches for the request that keeps the gateway busy longest: generated filters, orders, aliases, pages and texts,
 * within the limits and beyond them, over rows that were stored to harm it. Prints the longest time that the event
 * loop gave to one turn, the CPU time of a request as a multiple of a read by id, and the largest answer. The seconds
 * to search and a seed are its arguments, and an expression that requests have to match.
 */
const [seconds = 60, seed = 1] = process.argv.slice(2, 4).map(Number);
const wanted = new RegExp(process.argv[4] ?? '');
const monitorPort = 20_000 + (process.pid % 20_000);
const local = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const graph = await startProgram(local('./worst/hostileGraph.js'));
const gateway = await startProgram(local('../../dist/main.js'), [], {
  GRAPH_BASE_URL: graph.url,
  GRAPH_REQUEST_BUDGET: '100000',
  MONITOR_PORT: String(monitorPort),
  NODE_OPTIONS: `--max-old-space-size=256 --import=${local('./worst/monitor.js')}`,
  PORT: '0',
  NODE_ENV: 'production',
});

async function get(url: string): Promise<string> {
  return (await request(url)).body.text();
}

type Sent = Omit<Operation, 'name'>;

async function send({ query, variables, body }: Sent) {
  const answer = await request(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: 'Bearer bench-token',
      accept: 'application/graphql-response+json',
    },
    body: body ?? JSON.stringify({ query, variables }),
  });
  const text = await answer.body.text();
  const code = /"errors":.*?"code":"(\w+)"/.exec(text)?.[1] ?? 'answered';
  return { status: answer.statusCode, bytes: Buffer.byteLength(text), code };
}

async function measured(operation: Sent, what: '' | '?turns') {
  await get(`http://127.0.0.1:${monitorPort}/start${what}`);
  const answer = await send(operation);
  const usage: { usedUs: number; longestUs: number; largestHeap: number } = JSON.parse(
    await get(`http://127.0.0.1:${monitorPort}/stop`),
  );
  return { ...answer, ...usage };
}

interface Finding {
  readonly name: string;
  readonly kind: string;
  readonly code: string;
  readonly longestMs: number;
  readonly usedMs: number;
  readonly bytes: number;
}

const findings: Finding[] = [];
let largestHeap = 0;
try {
  await get(`${graph.url}/rows/usual`);
  const byId = {
    query: '{ complianceManagementPartner(id: "a") { id displayName } }',
    variables: {},
  };
  const reads = 300;
  for (let index = 0; index < reads; index += 1) {
    await send(byId);
  }
  const beforeUs = gateway.cpuUs();
  for (let index = 0; index < reads; index += 1) {
    await send(byId);
  }
  const readUs = (gateway.cpuUs() - beforeUs) / reads;

  const requests = createRequests(seed);
  const kinds = Object.keys(rowKinds);
  const endAt = Date.now() + seconds * 1000;
  for (let turn = 0; Date.now() < endAt; turn += 1) {
    const kind = kinds[turn % kinds.length] ?? '';
    await get(`${graph.url}/rows/${encodeURIComponent(kind)}`);
    for (let count = 0; count < 8 && Date.now() < endAt; count += 1) {
      const operation = requests.next();
      if (!wanted.test(`${operation.name}; rows: ${kind}`)) {
        continue;
      }
      const cpu = await measured(operation, '');
      const turns = await measured(operation, '?turns');
      largestHeap = Math.max(largestHeap, cpu.largestHeap);
      findings.push({
        name: operation.name,
        kind,
        code: cpu.code,
        longestMs: turns.longestUs / 1000,
        usedMs: cpu.usedUs / 1000,
        bytes: cpu.bytes,
      });
    }
  }

  const show = ({ name, kind, code, longestMs, usedMs, bytes }: Finding): string =>
    `${longestMs.toFixed(0).padStart(5)} ms silent ${usedMs.toFixed(0).padStart(6)} ms CPU = ${((usedMs * 1000) / readUs).toFixed(0).padStart(6)} reads by id ${String(bytes).padStart(9)} bytes  ${code}: ${name}; rows: ${kind}`;
  const top = (title: string, by: (finding: Finding) => number): string[] => [
    title,
    ...findings
      .toSorted((left, right) => by(right) - by(left))
      .slice(0, 5)
      .map(show),
    '',
  ];
  process.stdout.write(
    [
      `Node ${process.version}, ${findings.length} requests, seed ${seed}; a read by id costs ${readUs.toFixed(0)} µs of CPU`,
      '',
      ...top('Longest turn of the event loop', ({ longestMs }) => longestMs),
      ...top('Most CPU time', ({ usedMs }) => usedMs),
      ...top('Largest answer', ({ bytes }) => bytes),
      `Largest resident memory: ${Math.round(largestHeap / 2 ** 20)} MiB with a heap of at most 256 MiB`,
      '',
    ].join('\n'),
  );
} finally {
  gateway.stop();
  graph.stop();
}
