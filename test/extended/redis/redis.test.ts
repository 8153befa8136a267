import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { EmulatorOptions } from '../../../src/emulator/server.ts';
import { createGraphBudget } from '../../../src/graph/budget.ts';
import { createLeases } from '../../../src/partners/leases.ts';
import {
  createRedisOutcomes,
  type KeyUse,
  type OutcomeStore,
  type Taken,
} from '../../../src/partners/outcomeStore.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { bearerOf, isGenuine } from '../../support/bearerTokens.ts';
import { diagnose } from '../../support/doctorHarness.ts';
import { addAssignmentMutation, addMutation } from '../../support/documents.ts';
import { silentLog } from '../../support/logs.ts';
import { noMeasurements, recordingMeasurements } from '../../support/measurements.ts';
import type { Reply, TestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';
import { until } from '../../support/until.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';
import { describeWithRedis, startTestRedis, useRedis } from './redisServers.ts';

const parts = { clock: systemClock, chance: () => 0 };
const { signal } = new AbortController();
const codeOf = ({ extensions }: Reply) => extensions?.['code'];

describeWithRedis('the budget in Redis', () => {
  const stage = useRedis();
  let replicas: readonly [Replica, Replica];
  type Replica = Awaited<ReturnType<typeof startReplica>>;

  async function startReplica() {
    const { redis, log } = await stage.connect('budget');
    const limits = { writes: 10, requests: 40, windowSeconds: 20, replicas: 2 };
    return { log, redis, budget: await createGraphBudget(limits, { ...parts, redis }) };
  }
  beforeEach(async () => {
    replicas = [await startReplica(), await startReplica()];
  });
  // Before Redis ends, so that none looks for it.
  afterEach(() => replicas.forEach(({ redis }) => void redis.disconnect()));

  /** Waits until each replica has said so many sentences about Redis. */
  const untilTold = (count: number) =>
    until(() => replicas.every(({ log }) => log.lines.length >= count));

  /** Claims so many writes in turn at both replicas; gives how many went out. */
  async function claim(count: number, key = 'tenant'): Promise<number> {
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

  it('is one for all replicas and for each key, and so is a pause that one was told of', async () => {
    expect([await claim(30), await claim(30, 'another')]).toEqual([10, 10]);
    await replicas[0].budget.pause('third', 60_000);
    expect([await claim(4, 'third'), await claim(4, 'fourth')]).toEqual([0, 4]);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'is a share for each replica at once after Redis got a %s, and shared when it is back',
    async (signalOfEnd) => {
      expect(await claim(4)).toBe(4);
      await stage.redis.stop(signalOfEnd);
      expect(await claim(30)).toBe(10);
      // Stands where Redis stood, and closes every connection.
      let knocks = 0;
      const door = createServer((socket) => {
        knocks += 1;
        socket.destroy();
      });
      const { port, hostname } = new URL(stage.redis.url);
      door.listen(Number(port), hostname);
      await until(() => knocks >= 2 * replicas.length);
      await new Promise((resolve) => door.close(resolve));
      await stage.redis.start();
      await untilTold(3);
      expect(await claim(30)).toBe(10);
      for (const { log } of replicas) {
        const told = log.lines.map(({ message }) => message.split(':')[0]);
        expect(told).toEqual(['Redis is there', 'Redis is away', 'Redis is there']);
        expect(JSON.stringify(log.lines)).not.toContain('127.0.0.1');
      }
    },
  );

  it('is a share as well while Redis hangs, and asks it no more once that is known', async () => {
    stage.redis.freeze();
    // A claim that waited for the frozen Redis would never end.
    expect([await claim(4), await claim(20)]).toEqual([4, 6]);
    stage.redis.thaw();
    await untilTold(3);
    expect(await claim(30)).toBeLessThanOrEqual(10);
  });
});

describeWithRedis('keys in Redis', () => {
  const stage = useRedis();

  async function startReplicas(options: Partial<EmulatorOptions> = {}) {
    const started = await stage.startReplicas({ seed: [], ...options });
    return { ...started, posts: () => started.callsOf('POST') };
  }
  const add = (gateway: TestGateway, idempotencyKey: string, headers = {}, displayName = 'Fleet') =>
    gateway.run(addMutation, { input: { displayName, idempotencyKey } }, headers);
  const idOf = ({ text }: Reply) => /"id":"([^"]+)"/.exec(text)?.[1];

  const recordKey = async () => (await stage.redis.keysLike('idempotency-outcome:*'))[0] ?? '';
  const setRecord = async (...fields: string[]) =>
    stage.redis.tell('HSET', await recordKey(), ...fields);

  it('send one POST for 40 equal adds through two replicas, and answer all', async () => {
    const { replicas, posts } = await startReplicas();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_value, index) => add(replicas[index % 2] as TestGateway, 'key')),
    );
    expect([...new Set(answers.map(idOf))]).toEqual([expect.any(String)]);
    expect(posts()).toBe(1);
    const { text } = await add(replicas[1], 'key', {}, 'Other');
    expect(text).toContain('"code":"IDEMPOTENCY_KEY_REUSED"');
    expect(await stage.redis.tell('PTTL', await recordKey())).toBeGreaterThan(86_000_000);
  });

  it('leave a doubt when a replica dies while it writes, which a repeat looks into', async () => {
    const clock = createVirtualClock();
    const { graph, replicas, posts } = await startReplicas({ clock });
    graph.faults.add({ when: { method: 'POST' }, delayMs: 1_000 });
    const dying = add(replicas[0], 'key');
    await until(() => posts() === 1);
    expect(codeOf(await add(replicas[1], 'key', { prefer: 'wait=0.3' }))).toBe('OUTCOME_UNKNOWN');
    // Its lease runs out, as if it had died.
    await setRecord('until', '1');
    const { result } = await add(replicas[1], 'key');
    expect(result.errors).toMatchObject([
      {
        message: expect.stringContaining('ended without a known outcome'),
        extensions: { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true },
      },
    ]);
    await clock.advance(1_000);
    // What the dead one would have said comes too late to count.
    const added = idOf(await dying);
    expect(idOf(await add(replicas[1], 'key'))).toBe(added);
    expect([posts(), graph.partners().map(({ id }) => id)]).toEqual([1, [added]]);
  });

  it.each(['refuses connections', 'hangs'])(
    'reject mutations while Redis %s, and send nothing',
    async (how) => {
      const { replicas, posts } = await startReplicas();
      const first = idOf(await add(replicas[0], 'key'));
      await (how === 'hangs' ? stage.redis.freeze() : stage.redis.stop('SIGKILL'));
      for (const key of ['key', 'other']) {
        expect(codeOf(await add(replicas[0], key))).toBe('UPSTREAM_UNAVAILABLE');
      }
      expect(posts()).toBe(1);
      await replicas[0].ask(addMutation, { input: { displayName: 'No key' } });
      if (how === 'hangs') {
        stage.redis.thaw();
        await until(async () => idOf(await add(replicas[0], 'key')) === first);
        // What was taken while the answer was lost is given back.
        const wait = { prefer: 'wait=0.5' };
        await until(async () => idOf(await add(replicas[1], 'other', wait)) !== undefined);
        expect(posts()).toBe(3);
      }
    },
  );

  const use = (id: string, caller = 'caller'): KeyUse => ({ id, caller, input: 'input' });
  async function startStore(): Promise<OutcomeStore> {
    const { redis } = await stage.connect();
    return createRedisOutcomes({ storeBytes: 819_200, leaseMs: 60_000 }, { ...parts, redis });
  }
  function holdOf(taken: Taken) {
    if (!('hold' in taken)) {
      throw new TypeError(`There is no hold: ${taken.kind}`);
    }
    return taken.hold;
  }
  async function settle(taken: Taken, text: string | undefined): Promise<void> {
    await holdOf(taken).confirm();
    await holdOf(taken).settle(text === undefined ? text : { text, short: 'é', isFinal: true });
  }

  it('are taken over without a doubt if nothing was sent, and let the one before send nothing', async () => {
    const [dead, alive] = [await startStore(), await startStore()];
    const lost = await dead.take(use('1'), signal);
    await setRecord('until', '1');
    const taken = await alive.take(use('1'), signal);
    expect(taken.kind).toBe('first');
    await expect(holdOf(lost).confirm()).rejects.toMatchObject({
      extensions: { code: 'UPSTREAM_UNAVAILABLE' },
    });
    await holdOf(taken).confirm();
    await holdOf(lost).settle({ text: 'lost', short: '', isFinal: true });
    stage.redis.freeze();
    await holdOf(taken).settle({ text: 'text', short: 'text', isFinal: true });
    stage.redis.thaw();
    // Once it answers again, it knows the outcome.
    await until(async () => (await stage.redis.tell('HGET', await recordKey(), 'isFinal')) === '1');
    expect(await dead.take(use('1'), signal)).toEqual({ kind: 'kept', text: 'text' });
  });

  it('count bytes, reject beyond them, and have room again when records end', async () => {
    const store = await startStore();
    const take = (of: KeyUse) => store.take(of, signal);
    const sizes = () => stage.redis.tell('HGETALL', 'idempotency-bytes:{idempotency}');
    const [one, two, three] = [await take(use('1')), await take(use('2')), await take(use('3'))];
    expect(three).toEqual({ kind: 'full', retryAfterMs: 60_000 });
    await settle(one, undefined);
    const holding = (bytes: number, id: string) =>
      ['all', bytes, 'caller:caller', bytes, `record:${id}`, `${bytes} caller`].map(String).sort();
    const sortedSizes = async () => ((await sizes()) as string[]).sort();
    expect(await sortedSizes()).toEqual(holding(4_096, '2'));
    await settle(two, 'x'.repeat(8_000));
    // An entry takes 512 bytes beside its text, which is the short one here.
    expect(await sortedSizes()).toEqual(holding(512 + 2, '2'));
    expect(await take(use('2'))).toEqual({ kind: 'kept', text: 'é' });
    expect(await take({ ...use('2'), input: 'other' })).toEqual({ kind: 'reused' });
    await settle(await take(use('4')), 'é'.repeat(1_000));
    expect(await sizes()).toContain(`${512 + 2_000} caller`);
    for (const id of ['2', '4']) {
      await stage.redis.tell('ZADD', 'idempotency-ends:{idempotency}', '1', id);
      await stage.redis.tell('DEL', `idempotency-outcome:{idempotency}:${id}`);
    }
    await settle(await take(use('5')), undefined);
    expect(await sizes()).toEqual(['all', '0']);
    const kinds: string[] = [];
    for (let caller = 0; caller < 201; caller += 1) {
      kinds.push((await take(use(`of ${caller}`, String(caller)))).kind);
    }
    expect(kinds).toEqual([...Array<string>(200).fill('first'), 'full']);
  });
});

const tenant = '6f0b2d1c-6f6e-4b7b-9d55-0a4f6e1c0001';
const groups = Array.from(
  { length: 40 },
  (_value, index) => `2b4f3f0e-1f5d-4c7a-9a0b-${String(index).padStart(12, '0')}`,
);

describeWithRedis('locks in Redis', () => {
  const stage = useRedis();

  async function startReplicas(options: Partial<EmulatorOptions> = {}) {
    const measurements = recordingMeasurements();
    const seed = [{ id: 'fleet' }];
    const all = { seed, acceptToken: isGenuine, ...options };
    const started = await stage.startReplicas(all, { measurements });
    const held = () =>
      started.graph.partners()[0]?.macOsEnrollmentAssignments?.map((one) => one?.target?.groupId);
    return { ...started, measurements, held };
  }
  const add = (gateway: TestGateway, groupId = '', user = 'ada', headers = {}) =>
    gateway.run(
      addAssignmentMutation,
      { input: { id: 'fleet', platform: 'MAC_OS', target: { group: { groupId } } } },
      { authorization: `Bearer ${bearerOf(tenant, user)}`, ...headers },
    );

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
      const { replicas, measurements, held } = await startReplicas({ readLagMs });
      const answers = await Promise.all(
        groups.map((groupId, index) =>
          add(replicas[index % 2] as TestGateway, groupId, `user ${index % count}`),
        ),
      );
      expect(measurements.events).not.toContain('locked alone');
      expect(answers.map(({ result }) => result.errors)).toEqual(groups.map(() => undefined));
      expect(held()?.sort()).toEqual(groups);
      expect(await stage.redis.keysLike('partner-lock:*')).toEqual([]);
    },
  );

  it('send nothing when they are lost before the write, or when the operation ends before', async () => {
    const clock = createVirtualClock();
    const { graph, replicas, callsOf, held } = await startReplicas({ clock });
    for (const replica of replicas) {
      await add(replica, groups[0]);
    }
    const patches = callsOf('PATCH');
    graph.faults.add({ when: { method: 'GET' }, delayMs: 1_000 });
    const losing = add(replicas[0], groups[1]);
    const key = await lockKey();
    await until(() => clock.pendingTimers > 0);
    const waiting = await add(replicas[1], groups[1], 'ada', { prefer: 'wait=1' });
    expect(codeOf(waiting)).toBe('UPSTREAM_TIMEOUT');
    await stage.redis.tell('SET', key, 'another replica');
    await clock.advance(1_000);
    expect(codeOf(await losing)).toBe('UPSTREAM_UNAVAILABLE');
    expect([callsOf('PATCH'), held()]).toEqual([patches, [groups[0]]]);
  });

  it('are local, logged and counted while Redis is unavailable', async () => {
    const { replicas, measurements, held } = await startReplicas();
    await stage.redis.stop('SIGKILL');
    for (const groupId of groups.slice(0, 2)) {
      expect(codeOf(await add(replicas[0], groupId))).toBeUndefined();
    }
    expect(held()).toEqual(groups.slice(0, 2));
    expect(measurements.events).toContain('locked alone');
    const told = replicas[0].logLines.filter((line) => line.includes('within this replica only'));
    expect(told).toHaveLength(1);
  });

  it('are lost by a replica that dies', async () => {
    const start = async () => {
      const { redis } = await stage.connect();
      const all = { ...parts, redis, log: silentLog, measurements: noMeasurements };
      return createLeases({ leaseMs: 60_000 }, all);
    };
    const [dead, alive] = [await start(), await start()];
    const first = await dead.acquire('key', signal);
    const acquiring = alive.acquire('key', signal);
    const key = await lockKey();
    const leftMs = await stage.redis.tell('PTTL', key);
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(60_000);
    // The rest of its time passes.
    await stage.redis.tell('PEXPIRE', key, '1');
    const second = await acquiring;
    expect([await second?.renew(), await first?.renew()]).toEqual([true, false]);
    await first?.release({ text: 'too late', leftMs: 10_000 });
    await second?.release({ text: 'in time', leftMs: 10_000 });
    const third = await alive.acquire('key', signal);
    expect(third?.handed?.text).toBe('in time');
    await third?.release();
  });
});

describeWithRedis('the doctor', () => {
  it('tells a Redis that answers from one that wants another password', async () => {
    const graph = await startTestGraph();
    const redis = await startTestRedis('--requirepass', 'right');
    const withPassword = (password: string) => {
      const REDIS_URL = redis.url.replace('//', `//:${password}@`);
      return diagnose({ GRAPH_BASE_URL: graph.baseUrl, REDIS_URL });
    };
    const [good, bad] = [await withPassword('right'), await withPassword('canary-secret')];
    await redis.stop('SIGKILL');
    await graph.close();
    expect(good.lines).toContainEqual(expect.stringMatching(/^(ok|warning) redis: It answers/));
    expect(bad.lines).toContain('problem redis: It rejects the credentials (WRONGPASS).');
    expect(bad.output).not.toContain('canary-secret');
  });
});
