import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { BudgetClaim } from '../../src/graph/budget.ts';
import {
  passthroughCredentials,
  readTokenClaims,
  tenantKeyOf,
} from '../../src/graph/credentials.ts';
import { type AttemptFault, GraphError } from '../../src/graph/errors.ts';
import type {
  GraphAttempt,
  GraphCall,
  GraphOperation,
  GraphResponse,
} from '../../src/graph/request.ts';
import { EndController } from '../../src/shared/clock.ts';
import { Secret } from '../../src/shared/secret.ts';
import { createTestSend, endableCall, testCall } from '../support/graphClients.ts';
import { recordingLog } from '../support/logs.ts';
import { recordingMeasurements } from '../support/measurements.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const listenersOf = (call: GraphCall) =>
  getEventListeners(call.signal as AbortSignal, 'abort').length;
const url = new URL('http://graph/deviceManagement/complianceManagementPartners');
const reasons = ['deadline', 'callerLeft', 'shutdown'] as const;

type End = number | readonly [number, Record<string, string>] | Error;

const failed = (fault: AttemptFault, mayHaveBeenApplied = false) =>
  new GraphError('unavailable', 'No answer', { fault, mayHaveBeenApplied });
const broken = failed('broken', true);
const refused = failed('not-connected');
const askingBack = (status: number, after: string): End => [status, { 'retry-after': after }];

/** A send whose attempts end as scripted, the last end again and again. */
function createScripted(
  operation: GraphOperation,
  script: readonly End[],
  { call = testCall(), hasOwnTokens = false } = {},
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
      url,
      call: { ...call, deadlineMs: clock.now() + 20_000 },
    }).catch((error: unknown) => error);
  return {
    clock,
    attempts,
    run,
    /** Runs to the end, however long it waits. */
    async runOut(): Promise<unknown> {
      const end = run();
      await clock.advance(60_000);
      expect([clock.pendingTimers, listenersOf(call)]).toEqual([0, 0]);
      return end;
    },
    times: () => attempts.map(({ atMs }) => atMs),
    /** What it logs beside each attempt's own line. */
    told: () => log.lines.filter(({ message }) => String(message).includes('retried')),
  };
}

describe('the repeats of a send', () => {
  it('waits half of 200 ms, then of 400 ms, and not a millisecond more or less', async () => {
    const { clock, run, times } = createScripted('list', [500]);
    const end = run();
    for (const [ms, expected] of [
      [99, [0]],
      [1, [0, 100]],
      [199, [0, 100]],
      [1, [0, 100, 300]],
    ] as const) {
      await clock.advance(ms);
      expect(times()).toEqual(expected);
    }
    await expect(end).resolves.toMatchObject({ status: 500 });
  });

  it.each<[string, GraphOperation, End, number]>([
    ['a throttled add', 'add', askingBack(429, '2.128'), 2128],
    ['a throttled list', 'list', askingBack(429, '3'), 3000],
    ['an add answered with a Retry-After', 'add', askingBack(503, '5'), 5000],
    ['an update that never connected', 'update', refused, 100],
  ])('repeats %s after the time that was asked for', async (_what, operation, end, atMs) => {
    const { runOut, times } = createScripted(operation, [end, 200]);
    await expect(runOut()).resolves.toMatchObject({ status: 200 });
    expect(times()).toEqual([0, atMs]);
  });

  it('does not wait if the wait would end with the operation, and says so', async () => {
    const { runOut, attempts, told } = createScripted('list', [askingBack(429, '20')]);
    await expect(runOut()).resolves.toMatchObject({ status: 429 });
    expect(attempts).toHaveLength(1);
    const message = 'The call of Microsoft Graph is not retried';
    expect(told()).toMatchObject([{ message, reason: 'time', attempt: 1 }]);
  });

  it.each(reasons)('ends a wait at once when %s fires', async (reason) => {
    const { call, end } = endableCall();
    const { run, clock, attempts } = createScripted('list', [askingBack(429, '10')], { call });
    const ended = run();
    await turn();
    end(reason);
    expect(clock.pendingTimers).toBe(0);
    const details = { fault: 'ended' };
    await expect(ended).resolves.toMatchObject({ mayHaveBeenApplied: false, details });
    expect([attempts.length, listenersOf(call)]).toEqual([1, 0]);
  });

  it('logs the attempt, reason and wait of each retry', async () => {
    const { runOut, told, attempts } = createScripted('get', [refused, 502, 200]);
    await runOut();
    const line = {
      message: 'The call of Microsoft Graph is retried',
      operation: 'get',
      requestId: 'test-request-id',
    };
    expect(told()).toEqual([
      { ...line, attempt: 2, reason: 'not-connected', delayMs: 100 },
      { ...line, attempt: 3, reason: 'server-error', delayMs: 200 },
    ]);
    expect(attempts).toMatchObject([
      { number: 1 },
      { number: 2, repeatReason: 'not-connected' },
      { number: 3, repeatReason: 'server-error' },
    ]);
  });

  it('says that the attempts are used up', async () => {
    const { runOut, told } = createScripted('get', [500]);
    await runOut();
    expect(told().at(-1)).toMatchObject({ reason: 'attempts', attempt: 3 });
  });

  it('asks on a new connection after a 503, and on any after all else', async () => {
    const { runOut, attempts } = createScripted('get', [503, 500, 200]);
    await runOut();
    const isNew = attempts.map(({ onNewConnection }) => onNewConnection ?? false);
    expect(isNew).toEqual([false, true, false]);
  });

  it('asks once, at once, for a fresh token when a token of its own is rejected', async () => {
    const { runOut, attempts, times } = createScripted('add', [401], { hasOwnTokens: true });
    await expect(runOut()).resolves.toMatchObject({ status: 401 });
    const isFresh = attempts.map(({ withFreshToken }) => withFreshToken ?? false);
    expect([isFresh, times()]).toEqual([
      [false, true],
      [0, 0],
    ]);
  });

  it('stops when the process has no repeats to spare', async () => {
    // As in the gateway: an AbortSignal warns of so many listeners.
    const call = testCall({ signal: new EndController() });
    const { run, clock, told } = createScripted('get', [429], { call });
    const ends = Array.from({ length: 40 }, () => run());
    await clock.advance(20_000);
    await Promise.all(ends);
    const causes = told().map(({ reason }) => reason);
    expect(causes.filter((reason) => reason === 'budget').length).toBeGreaterThan(0);
    expect(causes.filter((reason) => reason === 'throttled').length).toBeLessThan(40);
  });
});

describe('the doubt of a delete that is repeated', () => {
  it.each<[string, End, End]>([
    ['a break and a refusal', broken, 403],
    ['a fault and a 404', 504, 404],
    ['a 503 that does not say when, and success', 503, 204],
  ])('is reported with the answer after %s', async (_what, first, last) => {
    const { runOut } = createScripted('delete', [first, last]);
    await expect(runOut()).resolves.toMatchObject({ status: last, isAfterDoubt: true });
  });

  it.each<[string, End]>([
    ['a connection that is never made', refused],
    ['a bad certificate', failed('untrusted')],
    ['the end of the operation', failed('ended')],
    ['a breaker that holds it back', new GraphError('unavailable', 'Down')],
  ])('outlives %s', async (_what, last) => {
    const error = await createScripted('delete', [broken, last]).runOut();
    expect(error).toBeInstanceOf(GraphError);
    expect(error).toMatchObject({ mayHaveBeenApplied: true });
  });

  it('outlives a wait that is cut short', async () => {
    const { call, end } = endableCall();
    const ended = createScripted('delete', [500, 204], { call }).run();
    await turn();
    end('callerLeft');
    await expect(ended).resolves.toMatchObject({ code: 'callerLeft', mayHaveBeenApplied: true });
  });

  it.each<[string, GraphOperation, End]>([
    ['a delete was throttled', 'delete', askingBack(429, '1')],
    ['a delete was unavailable for a while', 'delete', askingBack(503, '1')],
    ['a delete never connected', 'delete', refused],
    ['a read broke off', 'get', failed('broken')],
  ])('does not arise if %s', async (_what, operation, first) => {
    const answered = createScripted(operation, [first, 404]).runOut();
    await expect(answered).resolves.not.toHaveProperty('isAfterDoubt');
    const failing = createScripted(operation, [first, refused]).runOut();
    await expect(failing).resolves.toMatchObject({ mayHaveBeenApplied: false });
  });
});

const payload = Buffer.from(JSON.stringify({ tid: 'tenant', azp: 'app' })).toString('base64url');
const token = (signature: string): string => `header.${payload}.${signature}`;
const tenantKey = tenantKeyOf(readTokenClaims(token('any')));

/** A send with a budget that has room and remembers whom it was asked for. */
function createCounted() {
  const claimed: BudgetClaim[] = [];
  const paused: [key: string, ms: number][] = [];
  const clock = createVirtualClock();
  let answer: Pick<GraphResponse, 'status' | 'headers'> = { status: 200, headers: {} };
  const send = createTestSend({
    budget: {
      acquire: (claim) => void claimed.push(claim),
      pause: async (key, ms) => void paused.push([key, ms]),
    },
    clock,
    transport: async () => ({ ...answer, body: Buffer.alloc(0) }),
  });
  return {
    paused,
    /** Sends one request whose answer has this status; gives for whom it was counted. */
    async ask(status: number, signature = 'signature', headers: Record<string, string> = {}) {
      answer = { status, headers };
      const callerToken = new Secret(token(signature));
      const call = testCall({ callerToken, deadlineMs: clock.now() + 20_000 });
      const sending = send({ operation: 'add', url, call });
      await clock.advance(20_000);
      await sending;
      return claimed.at(-1)?.key;
    },
  };
}

describe('the budget of a send', () => {
  it.each([200, 201, 204])('counts a token for its tenant after a %i', async (status) => {
    const { ask } = createCounted();
    expect(await ask(status)).not.toBe(tenantKey);
    expect(await ask(status)).toBe(tenantKey);
  });

  it.each([302, 400, 401, 403, 404, 429, 500, 503])(
    'counts a token by itself after a %i, which can come before Graph has looked at the token',
    async (status) => {
      const { ask } = createCounted();
      await ask(status);
      expect(await ask(status)).not.toBe(tenantKey);
    },
  );

  it('counts a token by itself again from its first 401 on', async () => {
    const { ask } = createCounted();
    await ask(200);
    expect(await ask(401)).toBe(tenantKey);
    expect(await ask(200)).not.toBe(tenantKey);
  });

  it('pauses only a token that Graph has never accepted, whatever tenant it names', async () => {
    const { ask, paused } = createCounted();
    const forged = await ask(429, 'forged', { 'retry-after': '120' });
    expect(paused).toEqual([[forged, 120_000]]);
    expect(forged).not.toBe(tenantKey);
  });

  it('pauses the tenant of a token that Graph has taken', async () => {
    const { ask, paused } = createCounted();
    await ask(200);
    await ask(429, 'signature', { 'retry-after': '30' });
    expect(paused).toEqual([[tenantKey, 30_000]]);
  });
});

const answer: GraphResponse = { status: 200, headers: {}, body: Buffer.alloc(0) };

/** A send that is answered when the test says so. */
function createHeld(concurrency: number, queue: number) {
  const measurements = recordingMeasurements();
  const begun: string[] = [];
  const answers = new Map<string, () => void>();
  const send = createTestSend({
    concurrency,
    queue,
    // Nothing here is ended by time.
    clock: { now: Date.now, startTimer: () => () => undefined },
    measurements,
    transport: ({ call: { requestId } }) =>
      new Promise((resolve) => {
        begun.push(requestId);
        answers.set(requestId, () => resolve(answer));
      }),
  });
  return {
    begun,
    ask: (requestId: string, call: GraphCall = testCall()): Promise<unknown> =>
      send({ operation: 'list', url, call: { ...call, requestId } }).catch(
        (error: unknown) => error,
      ),
    async finish(...ids: string[]) {
      for (const id of ids) {
        answers.get(id)?.();
        await turn();
      }
    },
    heldBack: () => measurements.events.filter((event) => event.startsWith('rejected by')),
  };
}

describe('the concurrency limit of a send', () => {
  it('lets so many through at one time, and the others in the order in which they came', async () => {
    const { ask, begun, finish } = createHeld(2, 10);
    const asked = ['a', 'b', 'c', 'd'].map((id) => ask(id));
    await turn();
    expect(begun).toEqual(['a', 'b']);
    await finish('b');
    expect(begun).toEqual(['a', 'b', 'c']);
    await finish('a');
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    await finish('c', 'd');
    await expect(Promise.all(asked)).resolves.toEqual([answer, answer, answer, answer]);
  });

  it('turns away what finds the queue full, at once, and says when to come back', async () => {
    const { ask, begun, finish, heldBack } = createHeld(1, 1);
    const [first, second] = [ask('first'), ask('second')];
    await expect(ask('third')).resolves.toMatchObject({
      code: 'overloaded',
      mayHaveBeenApplied: false,
      details: { retryAfterMs: 1000 },
    });
    expect([begun, heldBack()]).toEqual([['first'], ['rejected by bulkhead']]);
    await finish('first', 'second');
    expect(await Promise.all([first, second])).toEqual([answer, answer]);
  });

  it.each(reasons)(
    'rejects at once what waits when %s fires, and gives its place to the next',
    async (reason) => {
      const { ask, begun, finish, heldBack } = createHeld(1, 2);
      const { call, end } = endableCall();
      const first = ask('first');
      const [second, third] = [ask('second', call), ask('third')];
      await turn();
      end(reason);
      const details = { fault: 'queued' };
      await expect(second).resolves.toMatchObject({ details, mayHaveBeenApplied: false });
      expect(listenersOf(call)).toBe(0);
      const fourth = ask('fourth');
      await finish('first', 'third', 'fourth');
      expect([begun, heldBack()]).toEqual([['first', 'third', 'fourth'], []]);
      expect(await Promise.all([first, third, fourth])).toEqual([answer, answer, answer]);
    },
  );

  it('lets no call overtake a waiting one, whatever the timing', async () => {
    const { ask, begun, finish, heldBack } = createHeld(1, 1);
    const asked = [ask('first'), ask('second')];
    await turn();
    const finished = finish('first');
    // One that comes in each of the moments in which the place goes from hand to hand.
    const late = Array.from({ length: 8 }, (_, moment) => `late ${moment}`);
    for (const id of late) {
      asked.push(ask(id));
      await Promise.resolve();
    }
    await finished;
    await turn();
    expect(begun).toEqual(['first', 'second']);
    await finish('second', ...late);
    const answers = await Promise.all(asked);
    const rejected = answers.filter(
      (one) => one instanceof GraphError && one.code === 'overloaded',
    );
    expect(rejected).toHaveLength(heldBack().length);
    expect(answers[1]).toEqual(answer);
  });

  it('does not begin with what had ended before', async () => {
    const { ask, begun } = createHeld(1, 1);
    const { call, end } = endableCall();
    end('deadline');
    await expect(ask('late', call)).resolves.toMatchObject({ code: 'timeout' });
    expect(begun).toEqual([]);
    void ask('next');
    await turn();
    expect(begun).toEqual(['next']);
  });
});

describe('what a send rejects itself', () => {
  it('is another place than Graph: no token goes there', async () => {
    const sent: unknown[] = [];
    const send = createTestSend({
      async transport(attempt) {
        sent.push(attempt);
        return { status: 200, headers: {}, body: Buffer.alloc(0) };
      },
    });
    const elsewhere = new URL('/deviceManagement/complianceManagementPartners', 'http://evil/');
    const sending = send({ operation: 'list', url: elsewhere, call: testCall() });
    await expect(sending).rejects.toThrow(TypeError);
    expect(sent).toEqual([]);
  });

  it('is counted if the budget has no room', async () => {
    const measurements = recordingMeasurements();
    const throttled = new GraphError('throttled', 'No room');
    const budget = { acquire: () => Promise.reject(throttled), pause: async () => undefined };
    const transport = () => Promise.reject(new Error('sent'));
    const send = createTestSend({ measurements, budget, transport });
    await expect(send({ operation: 'list', url, call: testCall() })).rejects.toBe(throttled);
    expect(measurements.events).toEqual(['rejected by budget']);
  });
});
