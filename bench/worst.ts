import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { startProgram } from './processes.ts';
import { rowKinds } from './worst/rowKinds.ts';

/**
 * Searches for the request that keeps the gateway busy longest: generated filters, orders, aliases, pages and texts,
 * within the limits and beyond them, over rows that somebody stored to harm it. Prints the longest time that the event
 * loop gave to one turn, the CPU time of a request as a multiple of a read by id, and the largest answer. The seconds
 * to search, and a seed, are its arguments.
 */
const [seconds = 60, seed = 1] = process.argv.slice(2).map(Number);
const list = 'complianceManagementPartners';
const flags = ['macOs', 'windows', 'android', 'ios', 'linux'];
const target =
  '{ target { __typename filter { id type } ... on GroupAssignmentTarget { groupId } } }';
const everyField = [
  'id revision displayName partnerState lastHeartbeatDateTime',
  ...flags.map((name) => `${name}Onboarded ${name}EnrollmentAssignments ${target}`),
].join(' ');

let state = seed;
/** From 0 to `below`, which is excluded; the same in each run with one seed. */
function random(below: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}
const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)] as Item;
const times = <Item>(count: number, make: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_value, index) => make(index));

const letters = [
  'a',
  '\u0300\u0327',
  '\ufdfa',
  'ß',
  '\u{1f600}',
  'N',
  'Contoso ',
  '\uff9e\u0327',
  'Σ.',
];
function text(): string {
  const unit = pick(letters);
  const whole = unit.repeat(Math.ceil(256 / unit.length)).slice(0, pick([1, 8, 255, 256]));
  return random(2) === 0 ? whole : `${whole.slice(0, -1)}b`;
}

function condition(): object {
  return pick([
    () => ({ displayName: { [pick(['contains', 'startsWith', 'eq'])]: text() } }),
    () => ({ lastHeartbeatDateTime: { after: '2026-01-01T00:00:00.0000001+13:59' } }),
    () => ({ partnerState: { notIn: ['ENABLED'] } }),
  ])();
}

const orderOf = (): readonly object[] => {
  const fields = ['DISPLAY_NAME', 'PARTNER_STATE', 'LAST_HEARTBEAT_DATE_TIME'];
  const start = random(3);
  return times(1 + random(3), (index) => ({
    field: fields[(start + index) % 3],
    direction: pick(['ASC', 'DESC']),
  }));
};

interface Operation {
  readonly name: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Some lists with a share of the conditions each. */
function lists(): Operation {
  const count = pick([1, 2, 10]);
  const conditions = pick([0, 1, 100, 101]);
  const rows = Math.floor(pick([1000, 10, 1010]) / count);
  const fields = pick([
    `nodes { ${everyField} }`,
    `edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage }`,
    'totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }',
    `totalCount nodes { ${times(19 - count, (index) => `n${index}: displayName`).join(' ')} }`,
    `nodes { ${times(19 - count, (index) => `a${index}: macOsEnrollmentAssignments ${target}`).join(' ')} }`,
  ]);
  const joint = pick(['and', 'or']);
  const variables = Object.fromEntries(
    times(count, (index): [string, unknown][] => [
      [
        `f${index}`,
        conditions < count ? null : { [joint]: times(Math.floor(conditions / count), condition) },
      ],
      [`o${index}`, pick([null, orderOf()])],
    ]).flat(),
  );
  const declared = times(
    count,
    (index) =>
      `$f${index}: ComplianceManagementPartnerFilter, $o${index}: [ComplianceManagementPartnerOrder!]`,
  ).join(', ');
  const asked = times(
    count,
    (index) =>
      `l${index}: ${list}(${pick(['first', 'last'])}: ${rows}, filter: $f${index}, orderBy: $o${index}) { ${fields} }`,
  ).join(' ');
  return {
    name: `${count} x ${rows} rows, ${conditions} conditions (${joint}), ${fields.slice(0, 60)}`,
    query: `query (${declared}) { ${asked} }`,
    variables,
  };
}

/** Requests that are beyond the limits, or use one variable many times. */
function beyond(): Operation {
  const conditions = times(600, () => ({ displayName: { contains: 'x' } }));
  return pick<Operation>([
    {
      name: 'one list of conditions used 100 times',
      query: `query ($l: [ComplianceManagementPartnerFilter!]) { ${list}(filter: {and: [${'{or: $l}'.repeat(100)}]}) { totalCount } }`,
      variables: { l: conditions },
    },
    {
      name: 'an order of 1,400 keys',
      query: `query ($o: [ComplianceManagementPartnerOrder!]) { ${list}(orderBy: $o) { totalCount } }`,
      variables: { o: times(1400, () => ({ field: 'DISPLAY_NAME' })) },
    },
    {
      name: 'a text of 60,000 characters',
      query: `query ($t: String) { ${list}(filter: {displayName: {contains: $t}}) { totalCount } }`,
      variables: { t: `a${'\u0300\u0327'.repeat(14_000)}` },
    },
  ]);
}

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

async function send({ query, variables }: Pick<Operation, 'query' | 'variables'>) {
  const answer = await request(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: 'Bearer bench-token',
      accept: 'application/graphql-response+json',
    },
    body: JSON.stringify({ query, variables }),
  });
  const body = await answer.body.text();
  const code = /"errors":.*?"code":"(\w+)"/.exec(body)?.[1] ?? 'answered';
  return { status: answer.statusCode, bytes: Buffer.byteLength(body), code };
}

async function measured(operation: Pick<Operation, 'query' | 'variables'>, what: '' | '?turns') {
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

  const kinds = Object.keys(rowKinds);
  const endAt = Date.now() + seconds * 1000;
  for (let turn = 0; Date.now() < endAt || turn < kinds.length; turn += 1) {
    const kind = kinds[turn % kinds.length] ?? '';
    await get(`${graph.url}/rows/${encodeURIComponent(kind)}`);
    for (const operation of [lists(), lists(), random(8) === 0 ? beyond() : lists()]) {
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
