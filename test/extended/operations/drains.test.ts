import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { useClosing } from '../../support/closing.ts';
import { findFreePort } from '../../support/freePort.ts';
import { type Program, startProgram } from '../../support/programs.ts';
import { until } from '../../support/until.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';
import { noBudget, startCountingGraph, startSteadyLoad } from './load.ts';

/** On the PATH, or where HAPROXY says that it is. */
const program = process.env['HAPROXY'] || 'haproxy';

const hasBalancer = spawnSync(program, ['-v']).status === 0;
if (!hasBalancer) {
  process.stderr.write('No haproxy: the tests of replicas behind a balancer are left out.\n');
}

const closeLater = useClosing();

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
  const ended = once(child, 'exit');
  closeLater(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true });
  });
  const url = `http://127.0.0.1:${port}`;
  /** Waits until it sends requests to so many of the servers. */
  const untilReady = (count: number): Promise<void> =>
    until(async () => {
      expect(child.exitCode).toBe(null);
      const answer = await request(`${url}/balancer;csv`).catch(() => undefined);
      const rows = ((await answer?.body.text()) ?? '').split('\n').map((row) => row.split(','));
      const isUp = ([backend, name, ...rest]: readonly string[]) =>
        backend === 'gateway' && name?.startsWith('replica') && rest[15] === 'UP';
      return rows.filter(isUp).length === count;
    });
  return { url, untilReady };
}

/** How many drains in all, in turns; each takes some 3 s. */
const drains = volumeOf(2);
const workers = 8;

let graph: Awaited<ReturnType<typeof startCountingGraph>>;
let balancer: Awaited<ReturnType<typeof startBalancer>>;
let load: ReturnType<typeof startSteadyLoad>;
/** Each as it runs now, always at the same port. */
const replicas: Program[] = [];
let ports: readonly number[];

async function startReplica(which: number): Promise<void> {
  const replica = startProgram({
    PORT: String(ports[which]),
    GRAPH_BASE_URL: graph.url,
    // Long enough for the balancer to see it on a busy machine, at ten checks in a second.
    DRAIN_DELAY_MS: '1000',
    ...noBudget,
  });
  closeLater(replica.end);
  replicas[which] = replica;
  await replica.until(/"message":"Running"/);
}

async function untilAnswers(count: number): Promise<void> {
  const goal = load.outcomes.length + count;
  await until(() => load.outcomes.length >= goal);
}

(hasBalancer ? describe : describe.skip)('two replicas behind a balancer', () => {
  beforeEach(async () => {
    graph = await startCountingGraph(40);
    closeLater(graph.close);
    ports = [await findFreePort(), await findFreePort()];
    await Promise.all([startReplica(0), startReplica(1)]);
    balancer = await startBalancer(ports);
    await balancer.untilReady(2);
    load = startSteadyLoad(balancer.url, workers);
    closeLater(load.stop);
    await untilAnswers(4 * workers);
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
    `lose no request and make no add twice in ${drains} drains`,
    async () => {
      for (let drain = 0; drain < drains; drain += 1) {
        const replica = replicas[drain % 2];
        replica?.kill('SIGTERM');
        expect(await replica?.ended).toEqual({ code: 0, signal: null });
        expect(replica?.output()).toContain('"message":"Stopped"');
        await startReplica(drain % 2);
        await balancer.untilReady(2);
        await untilAnswers(4 * workers);
      }
      await load.stop();
      expect(load.faults()).toEqual([]);
      expectAddsOnce();
    },
    timeLimitMs(drains),
  );

  it('lose no more than what one of them had in hand when it was killed', async () => {
    await replicas[0]?.end();
    await balancer.untilReady(1);
    const seenMs = performance.now();
    await untilAnswers(8 * workers);
    await load.stop();
    expect(load.faults().filter(({ atMs }) => atMs > seenMs)).toEqual([]);
    expectAddsOnce();
  });
});
