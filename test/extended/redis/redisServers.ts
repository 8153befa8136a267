import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { beforeEach, describe } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Dependencies } from '../../../src/dependencies.ts';
import type { EmulatorOptions } from '../../../src/emulator/server.ts';
import { Secret } from '../../../src/shared/secret.ts';
import { connectRedis } from '../../../src/upstream.ts';
import { useClosing } from '../../support/closing.ts';
import { findFreePort } from '../../support/freePort.ts';
import { recordingLog } from '../../support/logs.ts';
import { startTestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';
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
  let child: ChildProcess | undefined;
  const url = `redis://127.0.0.1:${port}`;

  async function start(): Promise<void> {
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
      if (child !== undefined && child.exitCode === null && child.signalCode === null) {
        // A frozen process obeys nothing but SIGKILL.
        child.kill('SIGCONT');
        child.kill(signal);
        await once(child, 'exit');
      }
    },
    /** Makes it hang: connections are taken, nothing is answered. */
    freeze: () => child?.kill('SIGSTOP'),
    thaw: () => child?.kill('SIGCONT'),
    keysLike: async (pattern: string) => (await tell('KEYS', pattern)) as readonly string[],
    tell,
  };
}

/** A Redis of each test's own, with replicas and connections that are closed after it. */
export function useRedis() {
  const closeLater = useClosing();
  const stage = {
    redis: undefined as unknown as Awaited<ReturnType<typeof startTestRedis>>,

    /** Starts two gateways that share Redis, over one Graph. */
    async startReplicas(
      options: Partial<EmulatorOptions>,
      surroundings: Partial<Dependencies> = {},
    ) {
      const graph = await startTestGraph(options);
      const start = async () => {
        const environment = { GRAPH_BASE_URL: graph.baseUrl, REDIS_URL: stage.redis.url };
        const gateway = await startTestGateway(environment, surroundings);
        closeLater(() => gateway.stop(0));
        await until(() => gateway.logLines.some((line) => line.includes('share the locks')));
        return gateway;
      };
      closeLater(graph.close);
      const replicas = [await start(), await start()] as const;
      const callsOf = (method: string) =>
        graph.requests.filter((request) => request.method === method).length;
      return { graph, replicas, callsOf };
    },

    /** Connects as a gateway does for its locks. */
    async connect(): Promise<Redis> {
      const log = recordingLog();
      const connection = await connectRedis(new Secret(stage.redis.url), 'locks', log);
      closeLater(() => connection.disconnect());
      await until(() => log.lines.some(({ message }) => message.startsWith('Redis is there')));
      return connection;
    },
  };
  beforeEach(async () => {
    stage.redis = await startTestRedis();
    closeLater(() => stage.redis.stop('SIGKILL'));
  });
  return stage;
}
