import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createGraphBudget } from '../../../src/graph/budget.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { Secret } from '../../../src/shared/secret.ts';
import { connectRedis } from '../../../src/upstream.ts';
import { recordingLog } from '../../support/logs.ts';
import { until } from '../../support/until.ts';
import { describeWithRedis, useRedis } from './redisServers.ts';

const limits = { writes: 10, requests: 40, windowSeconds: 20, replicas: 2 };

describeWithRedis('the budget in Redis', () => {
  const stage = useRedis();
  let replicas: readonly [Replica, Replica];
  type Replica = Awaited<ReturnType<typeof startReplica>>;

  async function startReplica() {
    const log = recordingLog();
    const client = await connectRedis(new Secret(stage.redis.url), 'budget', log);
    const parts = { clock: systemClock, chance: () => 0, redis: client };
    return { log, client, budget: await createGraphBudget(limits, parts) };
  }

  beforeEach(async () => {
    replicas = [await startReplica(), await startReplica()];
    await untilAll('Redis is there', 1);
  });
  afterEach(() => replicas.forEach(({ client }) => void client.disconnect()));

  function untilAll(sentence: string, times: number): Promise<void> {
    const countIn = ({ log }: Replica) =>
      log.lines.filter(({ message }) => message.startsWith(sentence)).length;
    return until(() => replicas.every((replica) => countIn(replica) >= times));
  }

  /** Claims so many writes in turn at both replicas; gives how many went out. */
  async function claim(count: number, key = 'tenant'): Promise<number> {
    const { signal } = new AbortController();
    let allowed = 0;
    for (let index = 0; index < count; index += 1) {
      const { budget } = replicas[index % 2 === 0 ? 0 : 1];
      try {
        await budget.acquire({ key, requests: 1, isWrite: true, timeLeftMs: 1, signal });
        allowed += 1;
      } catch (error) {
        expect(error).toMatchObject({ code: 'throttled' });
      }
    }
    return allowed;
  }

  it('is one for all replicas, and one for each key', async () => {
    expect(await claim(30)).toBe(10);
    expect(await claim(30, 'another')).toBe(10);
  });

  it('makes a pause that one replica was told of hold for the other', async () => {
    await replicas[0].budget.pause('tenant', 60_000);
    expect(await claim(4)).toBe(0);
    expect(await claim(4, 'another')).toBe(4);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'goes on in each replica with its share at once after Redis got a %s, and together when it is back',
    async (signal) => {
      expect(await claim(4)).toBe(4);
      await stage.redis.stop(signal);
      expect(await claim(30)).toBe(limits.writes);
      await untilAll('Redis is away', 1);
      await stage.redis.start();
      await untilAll('Redis is there', 2);
      expect(await claim(30)).toBe(10);
    },
  );

  it('does so as well while Redis hangs, and asks it no more once that is known', async () => {
    stage.redis.freeze();
    // A claim that waited for the frozen Redis would never end.
    expect(await claim(4)).toBe(4);
    expect(await claim(20)).toBe(6);
    stage.redis.thaw();
    await untilAll('Redis is there', 2);
    expect(await claim(30)).toBeLessThanOrEqual(10);
  });

  it('says once that Redis is away, and never the address', async () => {
    await stage.redis.stop('SIGKILL');
    await claim(6);
    await untilAll('Redis is away', 1);
    // Stands where Redis stood, and closes every connection.
    let knocks = 0;
    const door = createServer((socket) => {
      knocks += 1;
      socket.destroy();
    });
    const { port, hostname } = new URL(stage.redis.url);
    door.listen(Number(port), hostname);
    await until(() => knocks >= 2 * replicas.length);
    door.close();
    for (const { log } of replicas) {
      expect(log.lines.map(({ message }) => message.split(':')[0])).toEqual([
        'Redis is there',
        'Redis is away',
      ]);
      expect(JSON.stringify(log.lines)).not.toContain('127.0.0.1');
    }
  });
});
