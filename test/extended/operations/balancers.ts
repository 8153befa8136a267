import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { findFreePort } from '../../support/freePort.ts';
import { until } from '../../support/until.ts';

const program = process.env['HAPROXY'] || 'haproxy';

/** Whether there is an haproxy to start: on the PATH, or where HAPROXY says. */
export const hasBalancer = spawnSync(program, ['-v']).status === 0;

/** An haproxy of the test's own, which sends requests to those that are ready. */
export interface Balancer {
  readonly url: string;
  /** How many of the servers it sends requests to. */
  countReady(): Promise<number>;
  stop(): Promise<void>;
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

/** Starts it in front of servers at these ports of loopback. */
export async function startBalancer(servers: readonly number[]): Promise<Balancer> {
  const port = await findFreePort();
  const folder = mkdtempSync(join(tmpdir(), 'balancer-'));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, configOf(port, servers));
  const child: ChildProcess = spawn(program, ['-db', '-q', '-f', file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
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
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
