import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { createLeases } from '../../src/partners/leases.ts';
import { createRedisOutcomes } from '../../src/partners/outcomeStore.ts';
import { endableCall } from '../support/graphClients.ts';
import { recordingLog } from '../support/logs.ts';
import { recordingMeasurements } from '../support/measurements.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

/** A Redis that answers scripts as the test says, an error if it is away, and notes their keys and arguments. */
function start(...answers: unknown[]) {
  const [asked, keys]: [unknown[][], unknown[][]] = [[], []];
  const events = new EventEmitter();
  const redis = Object.assign(events, {
    eval: async (_script: string, count: number, ...args: unknown[]) => {
      keys.push(args.slice(0, count));
      asked.push(args.slice(count));
      const answer = answers.shift();
      if (answer instanceof Error) {
        throw answer;
      }
      return answer;
    },
  }) as unknown as Redis;
  const [clock, log, measurements] = [
    createVirtualClock(),
    recordingLog(),
    recordingMeasurements(),
  ];
  const parts = { redis, clock, chance: () => 0.5, log, measurements };
  const { call, end } = endableCall();
  const outcomes = createRedisOutcomes({ storeBytes: 1_000_000, leaseMs: 5_000 }, parts);
  const use = { id: 'id', caller: 'caller', input: 'input' };
  const take = () => outcomes.take(use, call.signal);
  return {
    asked,
    keys,
    answers,
    clock,
    log,
    measurements,
    end,
    take,
    ready: () => events.emit('ready'),
    async hold() {
      const taken = await take();
      return 'hold' in taken ? taken.hold : undefined;
    },
    acquire: () => createLeases({ leaseMs: 5_000 }, parts).acquire('key', call.signal),
  };
}

const away = new Error('away');
const room = [1_000_000, 10_000];

describe('outcomes in Redis', () => {
  const unbelievable = new TypeError('Redis answered something that the script does not say');
  it.each<[unknown, object]>([
    [['kept', 'text'], { kind: 'kept', text: 'text' }],
    [['reused'], { kind: 'reused' }],
    [['full', 5], { kind: 'full', retryAfterMs: 1_000 }],
    [['full', 30_000], { kind: 'full', retryAfterMs: 30_000 }],
    [['full', 86_400_000], { kind: 'full', retryAfterMs: 60_000 }],
    [['doubt', ''], { kind: 'doubt', text: undefined }],
    [['doubt', 'text'], { kind: 'doubt', text: 'text' }],
    [['first'], { kind: 'first' }],
    [['other'], unbelievable],
    [undefined, unbelievable],
  ])('understands %j', async (answer, taken) => {
    const { asked, keys, take } = start(answer);
    expect(await take().catch((error: unknown) => error)).toMatchObject(taken);
    const names = ['outcome:{idempotency}:id', 'ends:{idempotency}', 'bytes:{idempotency}'];
    expect(keys).toEqual([names.map((name) => `idempotency-${name}`)]);
    const given = ['input', 'caller', 5_000, 86_400_000, 4096, ...room];
    expect(asked).toEqual([['id', expect.any(String), ...given]]);
  });

  it('asks again after 50 ms while another replica holds the key, until the operation ends', async () => {
    const { answers, asked, clock, end, take } = start(['busy'], ['first']);
    const taking = take();
    await clock.advance(49);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    expect(await taking).toMatchObject({ kind: 'first' });
    answers.push(['busy']);
    const late = take();
    end('deadline');
    await expect(late).rejects.toMatchObject({ code: 'timeout' });
  });

  it('takes no key while Redis is away, and gives back what it may have taken', async () => {
    const { asked, ready, take } = start(away, away);
    await expect(take()).rejects.toMatchObject({
      message:
        'Redis, which keeps the outcomes of idempotency keys, is unavailable, so nothing was sent. Retry with the same key.',
      extensions: { code: 'UPSTREAM_UNAVAILABLE' },
    });
    await Promise.resolve();
    ready();
    ready();
    const withdrawal = [...(asked[0] ?? []).slice(0, 2), '', 'if not sent', '0', 512, ...room];
    expect(asked.slice(1)).toEqual([withdrawal, withdrawal]);
  });

  it.each([
    ['x'.repeat(10_000), 'x'.repeat(10_000)],
    // One that can never fit.
    ['x'.repeat(10_001), 'short'],
  ])('settles %#, and tells Redis later in short if it is away', async (text, sent) => {
    const { asked, ready, hold } = start(['first'], 1, away);
    const held = await hold();
    await held?.confirm();
    await held?.settle({ text, short: 'short', isFinal: true });
    ready();
    await held?.settle(undefined);
    expect(asked.slice(1).map((args) => args.slice(2))).toEqual([
      [5_000],
      [sent, 'short', '1', 512, ...room],
      ['short', 'short', '1', 512, ...room],
      ['', '', '0', 512, ...room],
    ]);
  });

  it.each([
    [0, 'The mutation lost its idempotencyKey to another request, so nothing was sent'],
    [away, 'Redis, which keeps'],
  ])('lets nothing be sent under a hold after %p', async (answer, message) => {
    const held = await start(['first'], answer).hold();
    await expect(held?.confirm()).rejects.toMatchObject({
      message: expect.stringContaining(message),
      extensions: { code: 'UPSTREAM_UNAVAILABLE' },
    });
  });
});

describe('leases in Redis', () => {
  it.each<[unknown[], object | undefined]>([
    [['text', 7], { text: 'text', leftMs: 7 }],
    [['', -2], undefined],
    [[null, 7], undefined],
    [['text', null], undefined],
  ])('are handed %j', async (answer, handed) => {
    const { asked, clock, acquire } = start(null, answer);
    const acquiring = acquire();
    await clock.advance(50);
    const lease = await acquiring;
    expect(lease?.handed).toEqual(handed);
    await lease?.release({ text: 'next', leftMs: 0 });
    await lease?.release();
    const owner = asked[0]?.[0];
    const released = [owner, '', 1];
    expect(asked.slice(1)).toEqual([[owner, 5_000], [owner, 'next', 1], released]);
  });

  it('last until Redis says that they are lost, or for their time while it is away', async () => {
    const { answers, clock, log, measurements, acquire } = start(
      ['', -2],
      away,
      away,
      1,
      away,
      away,
    );
    const lease = await acquire();
    const held = [
      [4_999, true],
      [1, false],
      [0, true],
      [4_999, true],
      [1, false],
    ] as const;
    for (const [ms, isHeld] of held) {
      await clock.advance(ms);
      expect([ms, await lease?.renew()]).toEqual([ms, isHeld]);
    }
    // Lost, though its time is not over.
    answers.push(1, 0);
    expect([await lease?.renew(), await lease?.renew()]).toEqual([true, false]);
    expect(measurements.events).toEqual(Array(4).fill('locked alone'));
    await clock.advance(54_998);
    for (const _ of [1, 2]) {
      answers.push(Object.assign(new Error('away'), { code: 'ECONNREFUSED' }));
      await lease?.renew();
      await clock.advance(1);
    }
    const message = 'Redis is unavailable: changes are locked within this replica only';
    const reasons = ['unavailable', 'ECONNREFUSED'];
    expect(log.lines).toEqual(reasons.map((reason) => ({ message, reason })));
  });

  it('are none while Redis is away, and what may have been taken is given back', async () => {
    const { asked, keys, ready, acquire } = start(away, away);
    expect(await acquire()).toBeUndefined();
    await Promise.resolve();
    ready();
    const owner = asked[0]?.[0];
    expect(keys[0]).toEqual(['partner-lock:{key}', 'partner-handed:{key}']);
    const released = [owner, '', 1];
    expect(asked).toEqual([[owner, 5_000], released, released]);
  });
});
