import { expect, it } from '@jest/globals';
import type { Emulator, EmulatorOptions } from '../../../src/emulator/server.ts';
import { createLeases } from '../../../src/partners/leases.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { bearerOf, isGenuine } from '../../support/bearerTokens.ts';
import { diagnose } from '../../support/doctorHarness.ts';
import { addAssignmentMutation } from '../../support/documents.ts';
import { silentLog } from '../../support/logs.ts';
import { noMeasurements, recordingMeasurements } from '../../support/measurements.ts';
import type { TestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';
import { until } from '../../support/until.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';
import { describeWithRedis, startTestRedis, useRedis } from './redisServers.ts';

const tenant = '6f0b2d1c-6f6e-4b7b-9d55-0a4f6e1c0001';
const groups = Array.from(
  { length: 40 },
  (_value, index) => `2b4f3f0e-1f5d-4c7a-9a0b-${String(index).padStart(12, '0')}`,
);
const [groupA = '', groupB = ''] = groups;
const ada = bearerOf(tenant, 'ada');

describeWithRedis('locks in Redis', () => {
  const stage = useRedis();

  async function startReplicas(options: Partial<EmulatorOptions> = {}) {
    const measurements = recordingMeasurements();
    const seed = [{ id: 'fleet' }];
    const started = await stage.startReplicas(
      { seed, acceptToken: isGenuine, ...options },
      { measurements },
    );
    return { ...started, measurements };
  }

  const add = (
    gateway: TestGateway,
    groupId: string,
    token = ada,
    headers: Record<string, string> = {},
  ) =>
    gateway.run(
      addAssignmentMutation,
      { input: { id: 'fleet', platform: 'MAC_OS', target: { group: { groupId } } } },
      { authorization: `Bearer ${token}`, ...headers },
    );
  const heldBy = (graph: Emulator): unknown[] =>
    graph.partners()[0]?.macOsEnrollmentAssignments?.map((entry) => entry?.target?.groupId) ?? [];
  const codeOf = ({ result }: Awaited<ReturnType<typeof add>>): unknown =>
    result.errors?.[0]?.extensions['code'];

  /** The key of the one lock that there is. */
  async function lockKey(): Promise<string> {
    let keys: readonly string[] = [];
    await until(async () => {
      keys = await stage.redis.keysLike('partner-lock:*');
      return keys.length === 1;
    });
    return keys[0] ?? '';
  }

  it.each([
    [1, 0],
    [20, 3_000],
  ])(
    'lose no change of 40 through two replicas with %i tokens and reads that lag %i ms',
    async (count, readLagMs) => {
      const { graph, replicas, measurements } = await startReplicas({ readLagMs });
      const answers = await Promise.all(
        groups.map((groupId, index) =>
          add(
            replicas[index % 2] as TestGateway,
            groupId,
            bearerOf(tenant, `user ${index % count}`),
          ),
        ),
      );
      expect(measurements.events).not.toContain('locked alone');
      expect(answers.map(({ result }) => result.errors)).toEqual(groups.map(() => undefined));
      expect(heldBy(graph).sort()).toEqual(groups);
      expect(await stage.redis.keysLike('partner-lock:*')).toEqual([]);
    },
  );

  it('sends nothing when a lock is lost before the write', async () => {
    const clock = createVirtualClock();
    const { graph, replicas, callsOf } = await startReplicas({ clock });
    expect(codeOf(await add(replicas[0], groupA))).toBeUndefined();
    graph.faults.add({ when: { method: 'GET' }, delayMs: 1_000 });
    const adding = add(replicas[0], groupB);
    await stage.redis.tell('SET', await lockKey(), 'another replica');
    await until(() => clock.pendingTimers > 0);
    await clock.advance(1_000);
    expect(codeOf(await adding)).toBe('UPSTREAM_UNAVAILABLE');
    expect(callsOf('PATCH')).toBe(1);
    expect(heldBy(graph)).toEqual([groupA]);
  });

  it('are waited for no longer than the operation lasts', async () => {
    const clock = createVirtualClock();
    const { graph, replicas, callsOf } = await startReplicas({ clock });
    await add(replicas[0], groupA);
    await add(replicas[1], groupA);
    const patches = callsOf('PATCH');
    graph.faults.add({ when: { method: 'GET' }, delayMs: 1_000 });
    const holding = add(replicas[0], groupB);
    await lockKey();
    expect(codeOf(await add(replicas[1], groupB, ada, { prefer: 'wait=1' }))).toBe(
      'UPSTREAM_TIMEOUT',
    );
    expect(callsOf('PATCH')).toBe(patches);
    await clock.advance(1_000);
    expect(codeOf(await holding)).toBeUndefined();
  });

  it('are local, logged and counted while Redis is unavailable', async () => {
    const { graph, replicas, measurements } = await startReplicas();
    await stage.redis.stop('SIGKILL');
    for (const groupId of [groupA, groupB]) {
      expect(codeOf(await add(replicas[0], groupId))).toBeUndefined();
    }
    expect(heldBy(graph)).toEqual([groupA, groupB]);
    expect(measurements.events).toContain('locked alone');
    const told = replicas[0].logLines.filter((line) => line.includes('within this replica only'));
    expect(told).toHaveLength(1);
  });

  it('are lost by a replica that dies', async () => {
    const start = async () => {
      const redis = await stage.connect();
      const parts = { redis, clock: systemClock, log: silentLog, measurements: noMeasurements };
      return createLeases({ leaseMs: 60_000 }, { ...parts, chance: () => 0 });
    };
    const [dead, alive] = [await start(), await start()];
    const { signal } = new AbortController();
    const first = await dead.acquire('key', signal);
    const acquiring = alive.acquire('key', signal);
    const key = await lockKey();
    const leftMs = await stage.redis.tell('PTTL', key);
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(60_000);
    // The rest of its time passes.
    await stage.redis.tell('PEXPIRE', key, '1');
    const second = await acquiring;
    expect(await second?.renew()).toBe(true);
    expect(await first?.renew()).toBe(false);
    await first?.release({ text: 'too late', leftMs: 10_000 });
    await second?.release({ text: 'in time', leftMs: 10_000 });
    const third = await alive.acquire('key', signal);
    expect(third?.handed?.text).toBe('in time');
    await third?.release();
  });
});

describeWithRedis('the doctor, with a Redis', () => {
  it('tells one that answers from one that wants another password', async () => {
    const graph = await startTestGraph();
    const redis = await startTestRedis('--requirepass', 'right');
    const withPassword = (password: string) =>
      diagnose({
        GRAPH_BASE_URL: graph.baseUrl,
        REDIS_URL: redis.url.replace('//', `//:${password}@`),
      });
    const [good, bad] = [await withPassword('right'), await withPassword('canary-secret')];
    await redis.stop('SIGKILL');
    await graph.close();
    expect(good.lines).toContainEqual(expect.stringMatching(/^(ok|warning) redis: It answers/));
    expect(bad.lines).toContain('problem redis: It rejects the credentials (WRONGPASS).');
    expect(bad.output).not.toContain('canary-secret');
  });
});
