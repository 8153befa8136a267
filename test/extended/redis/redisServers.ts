import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe } from '@jest/globals';
import { Redis } from 'ioredis';
import { findFreePort } from '../../support/freePort.ts';

const program = process.env['REDIS_SERVER'] || 'redis-server';

/** Whether there is a Redis server to start: on the PATH, or where REDIS_SERVER says. */
const hasRedisServer = spawnSync(program, ['--version']).status === 0;

/** `describe`, if there is a Redis server; otherwise says that these tests are left out. */
export const describeWithRedis = hasRedisServer ? describe : describe.skip;
if (!hasRedisServer) {
  process.stderr.write(`No ${program}: the tests with a Redis are left out.\n`);
}

/** A Redis server of the test's own, which keeps nothing on disk. */
export interface TestRedis {
  readonly url: string;
  start(): Promise<void>;
  /** Ends it: `SIGTERM` with a goodbye, `SIGKILL` without. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Makes it hang: connections are taken, nothing is answered. */
  freeze(): void;
  thaw(): void;
  /** The keys in it that match a pattern. */
  keysLike(pattern: string): Promise<readonly string[]>;
}

/** Starts Redis on a free port of loopback. */
export async function startTestRedis(...options: string[]): Promise<TestRedis> {
  const port = await findFreePort();
  let child: ChildProcess | undefined;
  const redis: TestRedis = {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      child = spawn(program, [
        ...['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
        ...options,
      ]);
      let output = '';
      for await (const chunk of child.stdout ?? []) {
        output += String(chunk);
        if (output.includes('Ready to accept connections')) {
          child.stdout?.resume();
          return;
        }
      }
      throw new Error(`Redis did not start:\n${output}`);
    },
    async stop(signal) {
      if (child !== undefined && child.exitCode === null && child.signalCode === null) {
        // A frozen process obeys nothing but SIGKILL.
        child.kill('SIGCONT');
        child.kill(signal);
        await once(child, 'exit');
      }
    },
    freeze: () => child?.kill('SIGSTOP'),
    thaw: () => child?.kill('SIGCONT'),
    async keysLike(pattern) {
      const client = new Redis(redis.url);
      const keys = await client.keys(pattern);
      client.disconnect();
      return keys;
    },
  };
  await redis.start();
  return redis;
}
