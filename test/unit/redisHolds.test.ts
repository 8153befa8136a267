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
function start() {
  const [asked, keys, answers]: [unknown[][], unknown[][], unknown[]] = [[], [], []];
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
  const clock = createVirtualClock();
  const log = recordingLog();
  const measurements = recordingMeasurements();
  const parts = { redis, clock, chance: () => 0.5, log, measurements };
  const { call, end } = endableCall();
  const outcomes = createRedisOutcomes({ storeBytes: 1_000_000, leaseMs: 5_000 }, parts);
  const use = { id: 'id', caller: 'caller', input: 'input' };
  return {
    ...{ asked, keys, answers, clock, log, measurements, end },
    ready: () => events.emit('ready'),
    take: () => outcomes.take(use, call.signal),
    acquire: () => createLeases({ leaseMs: 5_000 }, parts).acquire('key', call.signal),
  };
}

const away = new Error('away');
const room = [1_000_000, 10_000];

describe('outcomes in Redis', () => {
  it.each<[unknown, object]>([
    [['kept', 'text'], { kind: 'kept', text: 'text' }],
    [['reused'], { kind: 'reused' }],
    [['full', 5], { kind: 'full', retryAfterMs: 1_000 }],
    [['full', 30_000], { kind: 'full', retryAfterMs: 30_000 }],
    [['full', 86_400_000], { kind: 'full', retryAfterMs: 60_000 }],
    [['doubt', ''], { kind: 'doubt', text: undefined }],
    [['doubt', 'text'], { kind: 'doubt', text: 'text' }],
    [['first'], { kind: 'first' }],
  ])('understands %j', async (answer, taken) => {
    const { answers, asked, keys, take } = start();
    answers.push(answer);
    expect(await take()).toMatchObject(taken);
    expect(keys).toEqual([
      [
        'idempotency-outcome:{idempotency}:id',
        'idempotency-ends:{idempotency}',
        'idempotency-bytes:{idempotency}',
      ],
    ]);
    expect(asked).toEqual([
      ['id', expect.any(String), 'input', 'caller', 5_000, 86_400_000, 4096, ...room],
    ]);
  });

  it.each([[['other']], [undefined], [7]])('does not believe %j', async (answer) => {
    const { answers, take } = start();
    answers.push(answer);
    await expect(take()).rejects.toThrow('Redis answered something that the script does not say');
  });

  it('asks again after 50 ms while another replica holds the key, until the operation ends', async () => {
    const { answers, asked, clock, end, take } = start();
    answers.push(['busy'], ['busy'], ['first']);
    const taking = take();
    for (const count of [1, 2]) {
      await clock.advance(49);
      expect(asked).toHaveLength(count);
      await clock.advance(1);
    }
    expect(await taking).toMatchObject({ kind: 'first' });
    answers.push(['busy']);
    const late = take();
    end('deadline');
    await expect(late).rejects.toMatchObject({ code: 'timeout' });
  });

  it('takes no key while Redis is away, and gives back what it may have taken', async () => {
    const { answers, asked, ready, take } = start();
    answers.push(away, away);
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
    ['a text that fits', 'text', 'text'],
    ['one that just fits', 'x'.repeat(10_000), 'x'.repeat(10_000)],
    ['one that can never fit', 'x'.repeat(10_001), 'short'],
  ])('settles %s, and tells Redis later in short if it is away', async (_what, text, sent) => {
    const { answers, asked, ready, take } = start();
    answers.push(['first'], 1, away);
    const taken = await take();
    const hold = 'hold' in taken ? taken.hold : undefined;
    await hold?.confirm();
    await hold?.settle({ text, short: 'short', isFinal: true });
    ready();
    expect(asked.slice(1).map((args) => args.slice(2))).toEqual([
      [5_000],
      [sent, 'short', '1', 512, ...room],
      ['short', 'short', '1', 512, ...room],
    ]);
    await hold?.settle(undefined);
    expect(asked.at(-1)?.slice(2)).toEqual(['', '', '0', 512, ...room]);
  });

  it.each([
    [
      'it is lost',
      0,
      /^The mutation lost its idempotencyKey to another request, so nothing was sent/,
    ],
    ['Redis is away', away, /^Redis, which keeps/],
  ])('lets nothing be sent under a hold if %s', async (_what, answer, message) => {
    const { answers, take } = start();
    answers.push(['first'], answer);
    const taken = await take();
    await expect('hold' in taken && taken.hold.confirm()).rejects.toMatchObject({
      message: expect.stringMatching(message),
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
    const { answers, asked, clock, acquire } = start();
    answers.push(null, answer);
    const acquiring = acquire();
    await clock.advance(50);
    const lease = await acquiring;
    expect(lease?.handed).toEqual(handed);
    await lease?.release({ text: 'next', leftMs: 0 });
    await lease?.release();
    const owner = asked[0]?.[0];
    expect(asked.slice(1)).toEqual([
      [owner, 5_000],
      [owner, 'next', 1],
      [owner, '', 1],
    ]);
  });

  it('last until Redis says that they are lost, or for their time while it is away', async () => {
    const { answers, clock, log, measurements, acquire } = start();
    answers.push(['', -2], 1, away, away);
    const lease = await acquire();
    await clock.advance(4_000);
    expect(await lease?.renew()).toBe(true);
    await clock.advance(4_999);
    expect(await lease?.renew()).toBe(true);
    await clock.advance(1);
    expect(await lease?.renew()).toBe(false);
    answers.push(0);
    expect(await lease?.renew()).toBe(false);
    expect(measurements.events).toEqual(['locked alone', 'locked alone']);
    await clock.advance(59_998);
    for (const _ of [1, 2]) {
      answers.push(Object.assign(new Error('away'), { code: 'ECONNREFUSED' }));
      await lease?.renew();
      await clock.advance(1);
    }
    const message = 'Redis is unavailable: changes are locked within this replica only';
    expect(log.lines).toEqual([
      { message, reason: 'unavailable' },
      { message, reason: 'ECONNREFUSED' },
    ]);
  });

  it('last for their time if Redis goes away at once', async () => {
    const { answers, clock, acquire } = start();
    answers.push(['', -2], away, away);
    const lease = await acquire();
    await clock.advance(4_999);
    expect(await lease?.renew()).toBe(true);
    await clock.advance(1);
    expect(await lease?.renew()).toBe(false);
  });

  it('are none while Redis is away, and what may have been taken is given back', async () => {
    const { answers, asked, keys, ready, acquire } = start();
    answers.push(away, away);
    expect(await acquire()).toBeUndefined();
    await Promise.resolve();
    ready();
    const owner = asked[0]?.[0];
    expect(keys[0]).toEqual(['partner-lock:{key}', 'partner-handed:{key}']);
    expect(asked).toEqual([
      [owner, 5_000],
      [owner, '', 1],
      [owner, '', 1],
    ]);
  });
});
