import { expect, it } from '@jest/globals';
import type { EmulatorOptions } from '../../../src/emulator/server.ts';
import {
  createRedisOutcomes,
  type KeyUse,
  type Taken,
} from '../../../src/partners/outcomeStore.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { addAssignmentMutation, addMutation } from '../../support/documents.ts';
import { postTo, startProgram } from '../../support/programs.ts';
import type { Reply, TestGateway } from '../../support/testGateways.ts';
import { until } from '../../support/until.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';
import { describeWithRedis, useRedis } from './redisServers.ts';

/** What an entry takes beside its text. */
const entryBytes = 512;

describeWithRedis('keys in Redis', () => {
  const stage = useRedis();

  async function startReplicas(options: Partial<EmulatorOptions> = {}) {
    const started = await stage.startReplicas({ seed: [], ...options });
    return { ...started, posts: () => started.callsOf('POST') };
  }

  const add = (gateway: TestGateway, idempotencyKey: string, headers = {}, displayName = 'Fleet') =>
    gateway.run(addMutation, { input: { displayName, idempotencyKey } }, headers);
  const idOf = ({ result }: Reply): string | undefined =>
    (
      result.data?.['addComplianceManagementPartner'] as {
        complianceManagementPartner: { id: string };
      } | null
    )?.complianceManagementPartner?.id;
  const errorOf = ({ result }: Reply) => result.errors?.[0]?.extensions['code'];

  const recordKey = async (): Promise<string> =>
    (await stage.redis.keysLike('idempotency-outcome:*'))[0] ?? '';

  /** Lets the lease of the one record run out, as if its holder had died. */
  async function endLease(): Promise<void> {
    await stage.redis.tell('HSET', await recordKey(), 'until', '1');
  }

  it('send one POST for 40 equal adds through two replicas, and answer all', async () => {
    const { replicas, posts } = await startReplicas();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_value, index) => add(replicas[index % 2] as TestGateway, 'key')),
    );
    expect(new Set(answers.map(idOf)).size).toBe(1);
    expect(idOf(answers[0] as Reply)).toBeDefined();
    expect(posts()).toBe(1);
    const { result } = await add(replicas[1], 'key', {}, 'Other');
    expect(result.data).toMatchObject({
      addComplianceManagementPartner: { userErrors: [{ code: 'IDEMPOTENCY_KEY_REUSED' }] },
    });
    const leftMs = await stage.redis.tell('PTTL', await recordKey());
    expect(leftMs).toBeGreaterThan(86_000_000);
  });

  it('leave a doubt when a replica dies while it writes, which a repeat looks into', async () => {
    const clock = createVirtualClock();
    const { graph, replicas, posts } = await startReplicas({ clock });
    graph.faults.add({ when: { method: 'POST' }, delayMs: 1_000 });
    const dying = add(replicas[0], 'key');
    await until(() => posts() === 1);
    const waiting = await add(replicas[1], 'key', { prefer: 'wait=0.3' });
    expect(errorOf(waiting)).toBe('OUTCOME_UNKNOWN');
    await endLease();
    expect(errorOf(await add(replicas[1], 'key'))).toBe('OUTCOME_UNKNOWN');
    await clock.advance(1_000);
    // What the dead one would have said comes too late to count.
    const added = idOf(await dying);
    expect(idOf(await add(replicas[1], 'key'))).toBe(added);
    expect(posts()).toBe(1);
  });

  it('leave a doubt when the process that writes is killed, and nothing is sent again', async () => {
    const clock = createVirtualClock();
    const { graph, replicas, posts } = await startReplicas({ clock });
    graph.faults.add({ when: { method: 'POST' }, delayMs: 1_000 });
    const program = startProgram({
      GRAPH_BASE_URL: graph.baseUrl,
      REDIS_URL: stage.redis.url,
      OPERATION_TIMEOUT_MS: '1000',
    });
    await program.until(/share the locks/);
    const variables = { input: { displayName: 'Fleet', idempotencyKey: 'key' } };
    const dying = postTo(await program.url(), { query: addMutation, variables });
    await until(() => posts() === 1);
    await Promise.all([expect(dying).rejects.toThrow(), program.end()]);
    // Waits until the lease of the dead process has run out.
    const { result } = await add(replicas[1], 'key');
    expect(result.errors).toMatchObject([
      {
        message: expect.stringContaining('ended without a known outcome'),
        extensions: { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true },
      },
    ]);
    expect(posts()).toBe(1);
    await clock.advance(1_000);
    expect(idOf(await add(replicas[0], 'key'))).toBe(graph.partners()[0]?.id);
    expect(posts()).toBe(1);
  });

  it('are free again when a replica dies before it writes', async () => {
    const { graph, replicas, posts } = await startReplicas();
    const first = await add(replicas[0], 'key');
    expect(idOf(first)).toBeDefined();
    // A record as a replica leaves it that took the key and died.
    await stage.redis.tell('HDEL', await recordKey(), 'text', 'isFinal', 'isSent');
    await stage.redis.tell('HSET', await recordKey(), 'owner', 'dead', 'until', '1');
    expect(idOf(await add(replicas[1], 'key'))).not.toBe(idOf(first));
    expect([posts(), graph.partners().length]).toEqual([2, 2]);
  });

  it('that were lost before the write let nothing be sent', async () => {
    const clock = createVirtualClock();
    const { graph, replicas } = await startReplicas({ clock, seed: [{ id: 'fleet' }] });
    graph.faults.add({ when: { method: 'GET' }, delayMs: 1_000 });
    const input = {
      id: 'fleet',
      platform: 'IOS',
      target: { allDevices: {} },
      idempotencyKey: 'key',
    };
    const adding = replicas[0].run(addAssignmentMutation, { input });
    await until(() => clock.pendingTimers > 0);
    await stage.redis.tell('HSET', await recordKey(), 'owner', 'another replica');
    await clock.advance(1_000);
    expect(errorOf(await adding)).toBe('UPSTREAM_UNAVAILABLE');
    expect(graph.requests.map(({ method }) => method)).toEqual(['GET']);
  });

  it.each(['refuses connections', 'hangs'])(
    'reject mutations while Redis %s, and send nothing',
    async (how) => {
      const { replicas, posts } = await startReplicas();
      const first = idOf(await add(replicas[0], 'key'));
      await (how === 'hangs' ? stage.redis.freeze() : stage.redis.stop('SIGKILL'));
      for (const key of ['key', 'other']) {
        expect(errorOf(await add(replicas[0], key))).toBe('UPSTREAM_UNAVAILABLE');
      }
      expect(posts()).toBe(1);
      const { result } = await replicas[0].run(addMutation, { input: { displayName: 'No key' } });
      expect(result.errors).toBeUndefined();
      if (how === 'hangs') {
        stage.redis.thaw();
        await until(async () => idOf(await add(replicas[0], 'key')) === first);
        expect(posts()).toBe(2);
        // What was taken while the answer was lost is given back.
        await until(
          async () => idOf(await add(replicas[1], 'other', { prefer: 'wait=0.5' })) !== undefined,
        );
        expect(posts()).toBe(3);
      }
    },
  );

  it('keep an outcome that Redis could not be told until it is there again', async () => {
    const clock = createVirtualClock();
    const { graph, replicas, posts } = await startReplicas({ clock });
    graph.faults.add({ when: { method: 'POST' }, delayMs: 1_000 });
    const adding = add(replicas[0], 'key');
    await until(() => posts() === 1);
    stage.redis.freeze();
    await clock.advance(1_000);
    const added = idOf(await adding);
    expect(added).toBeDefined();
    stage.redis.thaw();
    await until(async () => (await stage.redis.tell('HGET', await recordKey(), 'isFinal')) === '1');
    expect(idOf(await add(replicas[1], 'key'))).toBe(added);
    expect(posts()).toBe(1);
  });

  it('count bytes, reject beyond them, and have room again when records end', async () => {
    const connection = await stage.connect();
    const storeBytes = 819_200;
    const store = createRedisOutcomes(
      { storeBytes, leaseMs: 60_000 },
      { redis: connection, clock: systemClock, chance: () => 0 },
    );
    const { signal } = new AbortController();
    const take = (use: KeyUse) => store.take(use, signal);
    const use = (id: string): KeyUse => ({ id, caller: 'caller', input: 'input' });
    const sizes = () => connection.hgetall('idempotency-bytes:{idempotency}');
    const settle = async (taken: Taken, text: string | undefined): Promise<void> => {
      if (!('hold' in taken)) {
        throw new TypeError(`There is no hold: ${taken.kind}`);
      }
      await taken.hold.confirm();
      await taken.hold.settle(text === undefined ? undefined : { text, short: 'é', isFinal: true });
    };
    const [one, two, three] = [await take(use('1')), await take(use('2')), await take(use('3'))];
    expect([one.kind, two.kind, three]).toEqual([
      'first',
      'first',
      { kind: 'full', retryAfterMs: 60_000 },
    ]);
    await settle(one, undefined);
    const holding = (bytes: string) => {
      return { all: bytes, 'caller:caller': bytes, 'record:2': `${bytes} caller` };
    };
    expect(await sizes()).toEqual(holding('4096'));
    await settle(two, 'x'.repeat(8_000));
    expect(await sizes()).toEqual(holding(String(entryBytes + 2)));
    expect(await take(use('2'))).toEqual({ kind: 'kept', text: 'é' });
    expect(await take({ ...use('2'), input: 'other' })).toEqual({ kind: 'reused' });
    await settle(await take(use('4')), 'é'.repeat(1_000));
    expect((await sizes())['record:4']).toBe(`${entryBytes + 2_000} caller`);
    for (const id of ['2', '4']) {
      await connection.zadd('idempotency-ends:{idempotency}', 1, id);
      await connection.del(`idempotency-outcome:{idempotency}:${id}`);
    }
    await settle(await take(use('5')), undefined);
    expect(await sizes()).toEqual({ all: '0' });
    const kinds: string[] = [];
    for (let caller = 0; caller < 201; caller += 1) {
      kinds.push((await take({ ...use(`of ${caller}`), caller: `${caller}` })).kind);
    }
    expect(kinds).toEqual([...Array<string>(200).fill('first'), 'full']);
  });
});
