import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { beforeEach, describe } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Dependencies } from '../../../src/dependencies.ts';
import type { EmulatorOptions } from '../../../src/emulator/server.ts';
import { Secret } from '../../../src/shared/secret.ts';
import { connectRedis } from '../../../src/upstream.ts';
import { findFreePort } from '../../support/freePort.ts';
import { recordingLog } from '../../support/logs.ts';
import { useStages } from '../../support/stages.ts';
import { until } from '../../support/until.ts';

/** On the PATH, or where REDIS_SERVER says that it is. */
const program = process.env['REDIS_SERVER'] || 'redis-server';

const hasRedisServer = spawnSync(program, ['--version']).status === 0;

export const describeWithRedis = hasRedisServer ? describe : describe.skip;
if (!hasRedisServer) {
  process.stderr.write(`No ${program}: the tests with a Redis are left out.\n`);
}

/** Starts a Redis of the test's own on a free port of loopback; it keeps nothing on disk. */
export async function startTestRedis(...options: string[]) {
  const port = await findFreePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess;

  async function start(): Promise<void> {
    child = spawn(program, [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
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
  }

  /** Sends one command, as another client. */
  async function tell(name: string, ...args: string[]): Promise<unknown> {
    const client = new Redis(url);
    const answer = await client.call(name, ...args);
    client.disconnect();
    return answer;
  }

  await start();
  return {
    url,
    start,
    /** Ends it: `SIGTERM` with a goodbye, `SIGKILL` without. */
    async stop(signal: 'SIGTERM' | 'SIGKILL') {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await once(child, 'exit');
      }
    },
    /** Makes it hang: connections are taken, nothing is answered. */
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    keysLike: async (pattern: string) => (await tell('KEYS', pattern)) as readonly string[],
    tell,
  };
}

/** A Redis of each test's own, with replicas and connections that are closed after it. */
export function useRedis() {
  const { closeLater, embedded, start } = useStages();
  const stage = {
    redis: undefined as unknown as Awaited<ReturnType<typeof startTestRedis>>,

    /** Starts two gateways that share Redis, over one Graph. */
    async startReplicas(
      options: Partial<EmulatorOptions>,
      surroundings: Partial<Dependencies> = {},
    ) {
      const shared = { REDIS_URL: stage.redis.url };
      const { graph, gateway } = await embedded(options, shared, surroundings);
      const environment = { GRAPH_BASE_URL: graph.baseUrl, ...shared };
      const replicas = [gateway, await start(environment, surroundings)] as const;
      const isSharing = (line: string) => line.includes('share the locks');
      await until(() => replicas.every(({ logLines }) => logLines.some(isSharing)));
      const callsOf = (method: string) =>
        graph.requests.filter((request) => request.method === method).length;
      return { graph, replicas, callsOf };
    },

    /** Connects as a gateway does. */
    async connect(kind: 'budget' | 'locks' = 'locks') {
      const log = recordingLog();
      const redis = await connectRedis(new Secret(stage.redis.url), kind, log);
      closeLater(() => redis.disconnect());
      await until(() => log.lines.some(({ message }) => message.startsWith('Redis is there')));
      return { redis, log };
    },
  };
  beforeEach(async () => {
    stage.redis = await startTestRedis();
    closeLater(() => stage.redis.stop('SIGKILL'));
  });
  return stage;
}
