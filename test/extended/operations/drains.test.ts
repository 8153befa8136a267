import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { findFreePort } from '../../support/freePort.ts';
import { type Program, startProgram } from '../../support/programs.ts';
import { until } from '../../support/until.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';
import {
  type CountingGraph,
  noBudget,
  type SteadyLoad,
  startCountingGraph,
  startSteadyLoad,
} from './load.ts';

/** On the PATH, or where HAPROXY says that it is. */
const program = process.env['HAPROXY'] || 'haproxy';

const hasBalancer = spawnSync(program, ['-v']).status === 0;
if (!hasBalancer) {
  process.stderr.write('No haproxy: the tests of replicas behind a balancer are left out.\n');
}

/**
 * As docs/operations.md shows it, but for shorter times between checks. Nothing is repeated and nothing sent to another server
 * instead (`retries 0`, no `redispatch`, no `retry-on`), because that would hide what gets lost.
 */
const configOf = (port: number, servers: readonly number[]): string => `
global
  maxconn 1000
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout check 5s
  retries 0
frontend callers
  bind 127.0.0.1:${port}
  stats enable
  stats uri /balancer
  default_backend gateway
backend gateway
  option httpchk GET /readyz
  http-check expect status 200
  default-server check inter 100ms fall 1 rise 2
${servers.map((server, index) => `  server replica${index} 127.0.0.1:${server}`).join('\n')}
`;

/** Starts haproxy in front of servers at these ports of loopback. */
async function startBalancer(servers: readonly number[]) {
  const port = await findFreePort();
  const folder = mkdtempSync(join(tmpdir(), 'balancer-'));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, configOf(port, servers));
  const child = spawn(program, ['-db', '-q', '-f', file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  /** How many of the servers it sends requests to. */
  const countReady = async (): Promise<number> => {
    const answer = await request(`${url}/balancer;csv`);
    const rows = (await answer.body.text()).split('\n');
    return rows.filter((row) => /^gateway,replica\d+,/.test(row) && row.split(',')[17] === 'UP')
      .length;
  };
  await until(async () => {
    if (child.exitCode !== null) {
      throw new Error('The balancer did not start');
    }
    return (await countReady().catch(() => -1)) >= 0;
  });
  return {
    url,
    countReady,
    async stop(): Promise<void> {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** How many drains in all; each takes some 3 s. */
const drains = volumeOf(4);
const workers = 8;

let graph: CountingGraph;
/** Each as it runs now, always at the same port. */
let replicas: [Program, Program];
let ports: readonly [number, number];
let balancer: Awaited<ReturnType<typeof startBalancer>>;
let load: SteadyLoad;

async function startReplica(port: number): Promise<Program> {
  const replica = startProgram({
    PORT: String(port),
    GRAPH_BASE_URL: graph.url,
    // Long enough for the balancer to see it on a busy machine, at ten checks in a second.
    DRAIN_DELAY_MS: '1000',
    ...noBudget,
  });
  await replica.until(/"message":"Running"/);
  return replica;
}

const untilReady = (count: number): Promise<void> =>
  until(async () => (await balancer.countReady()) === count);

async function untilAnswers(count: number): Promise<void> {
  const goal = load.outcomes.length + count;
  await until(() => load.outcomes.length >= goal);
}

(hasBalancer ? describe : describe.skip)('two replicas behind a balancer', () => {
  beforeEach(async () => {
    graph = await startCountingGraph(40);
    ports = [await findFreePort(), await findFreePort()];
    replicas = await Promise.all([startReplica(ports[0]), startReplica(ports[1])]);
    balancer = await startBalancer(ports);
    await untilReady(2);
    load = startSteadyLoad(balancer.url, workers);
  });

  afterEach(async () => {
    await load.stop();
    await Promise.all(replicas.map((replica) => replica.end()));
    await balancer.stop();
    await graph.close();
  });

  /** Each add that was answered was made once, and none was made twice. */
  function expectAddsOnce(): void {
    const answered = load.outcomes.flatMap(({ added, fault }) =>
      added !== undefined && fault === undefined ? [added] : [],
    );
    expect(answered.filter((name) => graph.adds.get(name) !== 1)).toEqual([]);
    expect([...graph.adds].filter(([, times]) => times !== 1)).toEqual([]);
  }

  it(
    `lose no request and make no add twice in ${drains} drains in turns`,
    async () => {
      for (let drain = 0; drain < drains; drain += 1) {
        const which = drain % 2 === 0 ? 0 : 1;
        await untilAnswers(4 * workers);
        replicas[which].kill('SIGTERM');
        expect(await replicas[which].ended).toEqual({ code: 0, signal: null });
        expect(replicas[which].output()).toContain('"message":"Stopped"');
        replicas[which] = await startReplica(ports[which]);
        await untilReady(2);
      }
      await load.stop();
      expect(load.outcomes.filter(({ fault }) => fault !== undefined)).toEqual([]);
      expect(load.outcomes.length).toBeGreaterThan(drains * 4 * workers);
      expectAddsOnce();
    },
    timeLimitMs(drains),
  );

  it('lose no more than what one of them had in hand when it was killed', async () => {
    await untilAnswers(4 * workers);
    await replicas[0].end();
    await untilReady(1);
    const seenMs = performance.now();
    await untilAnswers(8 * workers);
    await load.stop();
    const faults = load.outcomes.filter(({ fault }) => fault !== undefined);
    expect(faults.filter(({ atMs }) => atMs > seenMs)).toEqual([]);
    expectAddsOnce();
  });
});
