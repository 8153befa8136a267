import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { passthroughCredentials } from '../../src/graph/credentials.ts';
import {
  type AttemptFault,
  GraphError,
  GraphNetworkError,
  GraphRejectedLocallyError,
} from '../../src/graph/errors.ts';
import type { GraphAttempt, GraphCall } from '../../src/graph/request.ts';
import type { GraphOperation } from '../../src/graph/types.ts';
import { createTestSend, endableCall, testCall } from '../support/graphClients.ts';
import { recordingLog } from '../support/logs.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

type End = number | readonly [number, Record<string, string>] | Error;

const failed = (fault: AttemptFault, mayHaveBeenApplied = false) =>
  new GraphNetworkError('unavailable', 'No answer', { fault, mayHaveBeenApplied });
const broken = failed('broken', true);
const refused = failed('not-connected');
const askingBack = (status: number, retryAfter: string): End => [
  status,
  { 'retry-after': retryAfter },
];

interface StageOptions {
  readonly call?: GraphCall;
  readonly hasOwnTokens?: boolean;
}

/** A send whose attempts end as scripted, the last end again and again. */
function createStage(
  operation: GraphOperation,
  script: readonly End[],
  { call = testCall(), hasOwnTokens = false }: StageOptions = {},
) {
  const clock = createVirtualClock();
  const log = recordingLog();
  const startMs = clock.now();
  const attempts: (GraphAttempt & { readonly atMs: number })[] = [];
  const send = createTestSend({
    clock,
    log,
    chance: () => 0.5,
    credentials: { ...passthroughCredentials, hasOwnTokens },
    async transport(attempt) {
      const end = script[Math.min(attempts.length, script.length - 1)] ?? 200;
      attempts.push({ ...attempt, atMs: clock.now() - startMs });
      if (end instanceof Error) {
        throw end;
      }
      const [status, headers] = typeof end === 'number' ? [end, {}] : end;
      return { status, headers, body: Buffer.alloc(0) };
    },
  });
  const run = () =>
    send({
      operation,
      url: new URL('http://graph/partners'),
      headers: {},
      call: { ...call, deadlineMs: clock.now() + 20_000 },
    }).catch((error: unknown) => error);
  /** What it tells beside each attempt's own line. */
  const told = () => log.lines.filter(({ message }) => String(message).includes('retried'));
  const times = () => attempts.map(({ atMs }) => atMs);
  return { clock, told, attempts, times, run, call };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Runs to the end, however long it waits. */
async function runOut(stage: ReturnType<typeof createStage>): Promise<unknown> {
  const end = stage.run();
  await stage.clock.advance(60_000);
  expect(stage.clock.pendingTimers).toBe(0);
  expect(getEventListeners(stage.call.signal as AbortSignal, 'abort')).toHaveLength(0);
  return end;
}

describe('the repeats of a send', () => {
  it('waits half of 200 ms, then of 400 ms, and not a millisecond more or less', async () => {
    const stage = createStage('list', [500]);
    const end = stage.run();
    await stage.clock.advance(99);
    expect(stage.times()).toEqual([0]);
    await stage.clock.advance(1);
    expect(stage.times()).toEqual([0, 100]);
    await stage.clock.advance(199);
    expect(stage.times()).toEqual([0, 100]);
    await stage.clock.advance(1);
    expect(stage.times()).toEqual([0, 100, 300]);
    await expect(end).resolves.toMatchObject({ status: 500 });
  });

  it.each<[string, GraphOperation, End, number]>([
    ['a throttled add', 'add', askingBack(429, '2.128'), 2128],
    ['a throttled list', 'list', askingBack(429, '3'), 3000],
    ['an add answered with a Retry-After', 'add', askingBack(503, '5'), 5000],
    ['an update that never connected', 'update', refused, 100],
  ])('repeats %s after the time that was asked for', async (_what, operation, end, atMs) => {
    const stage = createStage(operation, [end, 200]);
    await expect(runOut(stage)).resolves.toMatchObject({ status: 200 });
    expect(stage.times()).toEqual([0, atMs]);
  });

  it('does not wait where the wait would end with the operation, and says so', async () => {
    const stage = createStage('list', [askingBack(429, '20')]);
    await expect(runOut(stage)).resolves.toMatchObject({ status: 429 });
    expect(stage.attempts).toHaveLength(1);
    expect(stage.told()).toMatchObject([
      { message: 'The call of Microsoft Graph is not retried', reason: 'time', attempt: 1 },
    ]);
  });

  it.each(['deadline', 'callerLeft', 'shutdown'] as const)(
    'ends a wait at once when %s fires',
    async (reason) => {
      const { call, end } = endableCall();
      const stage = createStage('list', [askingBack(429, '10')], { call });
      const ended = stage.run();
      await turn();
      end(reason);
      expect(stage.clock.pendingTimers).toBe(0);
      await expect(ended).resolves.toMatchObject({
        mayHaveBeenApplied: false,
        details: { fault: 'ended' },
      });
      expect(stage.attempts).toHaveLength(1);
      expect(getEventListeners(call.signal as AbortSignal, 'abort')).toHaveLength(0);
    },
  );

  it('logs the attempt, reason and wait of each retry', async () => {
    const stage = createStage('get', [refused, 502, 200]);
    await runOut(stage);
    expect(stage.told()).toEqual([
      {
        message: 'The call of Microsoft Graph is retried',
        operation: 'get',
        attempt: 2,
        reason: 'not-connected',
        delayMs: 100,
        requestId: 'test-request-id',
      },
      {
        message: 'The call of Microsoft Graph is retried',
        operation: 'get',
        attempt: 3,
        reason: 'server-error',
        delayMs: 200,
        requestId: 'test-request-id',
      },
    ]);
    expect(stage.attempts).toMatchObject([
      { number: 1 },
      { number: 2, repeatReason: 'not-connected' },
      { number: 3, repeatReason: 'server-error' },
    ]);
  });

  it('says that the attempts are used up', async () => {
    const stage = createStage('get', [500]);
    await runOut(stage);
    expect(stage.told().at(-1)).toMatchObject({ reason: 'attempts', attempt: 3 });
  });

  it('asks on a new connection after a 503, and on any after all else', async () => {
    const stage = createStage('get', [503, 500, 200]);
    await runOut(stage);
    expect(stage.attempts.map(({ onNewConnection }) => onNewConnection ?? false)).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('asks once, at once, for a fresh token where a token of its own is refused', async () => {
    const stage = createStage('add', [401, 401, 401], { hasOwnTokens: true });
    await expect(runOut(stage)).resolves.toMatchObject({ status: 401 });
    expect(stage.attempts.map(({ withFreshToken }) => withFreshToken ?? false)).toEqual([
      false,
      true,
    ]);
    expect(stage.times()).toEqual([0, 0]);
  });

  it('stops where the process has no repeats to spare', async () => {
    const stage = createStage('get', [429]);
    const ends = Array.from({ length: 40 }, () => stage.run());
    await stage.clock.advance(20_000);
    await Promise.all(ends);
    const reasons = stage.told().map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason === 'budget').length).toBeGreaterThan(0);
    expect(reasons.filter((reason) => reason === 'throttled').length).toBeLessThan(40);
  });
});

describe('the doubt of a delete that is repeated', () => {
  it.each<[string, End, End]>([
    ['a break and a refusal', broken, 403],
    ['a fault and a 404', 504, 404],
    ['a 503 that does not say when, and success', 503, 204],
  ])('is reported with the answer after %s', async (_what, first, last) => {
    const stage = createStage('delete', [first, last]);
    await expect(runOut(stage)).resolves.toMatchObject({ status: last, isAfterDoubt: true });
  });

  it.each<[string, End]>([
    ['a connection that is never made', refused],
    ['a bad certificate', failed('untrusted')],
    ['the end of the operation', failed('ended')],
    ['a breaker that holds it back', new GraphRejectedLocallyError('unavailable', 'Down')],
  ])('outlives %s', async (_what, last) => {
    const stage = createStage('delete', [broken, last]);
    const error = await runOut(stage);
    expect(error).toBeInstanceOf(GraphError);
    expect(error).toMatchObject({ mayHaveBeenApplied: true });
  });

  it('outlives a wait that is cut short', async () => {
    const { call, end } = endableCall();
    const stage = createStage('delete', [500, 204], { call });
    const ended = stage.run();
    await turn();
    end('callerLeft');
    await expect(ended).resolves.toMatchObject({ code: 'callerLeft', mayHaveBeenApplied: true });
  });

  it.each<[string, End]>([
    ['was throttled', askingBack(429, '1')],
    ['was unavailable for a while', askingBack(503, '1')],
    ['never connected', refused],
  ])('does not arise where the first attempt %s', async (_what, first) => {
    const stage = createStage('delete', [first, 204]);
    await expect(runOut(stage)).resolves.not.toHaveProperty('isAfterDoubt');
    const failing = createStage('delete', [first, refused]);
    await expect(runOut(failing)).resolves.toMatchObject({ mayHaveBeenApplied: false });
  });

  it('is none of a read', async () => {
    const stage = createStage('get', [failed('broken'), 404]);
    await expect(runOut(stage)).resolves.not.toHaveProperty('isAfterDoubt');
  });
});
