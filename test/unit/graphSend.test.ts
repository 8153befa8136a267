import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { passthroughCredentials } from '../../src/graph/credentials.ts';
import { GraphError, type GraphErrorDetails } from '../../src/graph/errors.ts';
import type { GraphOperation } from '../../src/graph/request.ts';
import { EndController } from '../../src/shared/clock.ts';
import { Secret } from '../../src/shared/secret.ts';
import { createTestSend, endableCall, testCall } from '../support/graphClients.ts';
import { recordingLog } from '../support/logs.ts';
import { recordingMeasurements } from '../support/measurements.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const url = new URL('http://graph/deviceManagement/complianceManagementPartners');

/** A status, perhaps with a `Retry-After`, or what is thrown in place of an answer. */
type End = number | readonly [status: number, retryAfter: string] | Error;

const failed = (fault: GraphErrorDetails['fault'] & {}) =>
  new GraphError('unavailable', 'No answer', { fault });

/** A send whose attempts end as scripted, the last end again and again; the budget notes whom it is asked for. */
function start(operation: GraphOperation, script: readonly End[], call = testCall(), more = {}) {
  const clock = createVirtualClock();
  const log = recordingLog();
  const startMs = clock.now();
  const attempts: object[] = [];
  const [keys, pauses]: [string[], unknown[]] = [[], []];
  const send = createTestSend({
    clock,
    log,
    chance: () => 0.5,
    budget: {
      acquire: ({ key }) => void keys.push(key),
      pause: async (key, ms) => void pauses.push([key, ms]),
    },
    async transport({ number, repeatReason, onNewConnection, withFreshToken }) {
      const end = script[Math.min(attempts.length, script.length - 1)] ?? 200;
      const atMs = clock.now() - startMs;
      attempts.push({ number, repeatReason, onNewConnection, withFreshToken, atMs });
      if (end instanceof Error) {
        throw end;
      }
      const [status, retryAfter] = typeof end === 'number' ? [end] : end;
      return { status, headers: { 'retry-after': retryAfter }, body: Buffer.alloc(0) };
    },
    ...more,
  });
  const run = (by = call) =>
    send({ operation, url, call: { ...by, deadlineMs: clock.now() + 20_000 } }).catch(
      (error: unknown) => error as object,
    );
  const listeners = () => getEventListeners(call.signal as AbortSignal, 'abort').length;
  return {
    ...{ clock, attempts, keys, pauses, run },
    leftovers: () => [clock.pendingTimers, listeners()],
    /** Runs to the end, however long it waits. */
    async runOut(by = call): Promise<object> {
      const end = run(by);
      await clock.advance(60_000);
      expect([clock.pendingTimers, listeners()]).toEqual([0, 0]);
      return end;
    },
    /** What it logs beside each attempt's own line. */
    told: () => log.lines.filter(({ message }) => String(message).includes('retried')),
  };
}

describe('the repeats of a send', () => {
  it('wait, on a new connection after a 503, and are logged', async () => {
    const { runOut, attempts, told } = start('get', [503, failed('not-connected'), 200]);
    expect(await runOut()).toMatchObject({ status: 200 });
    const usual = { onNewConnection: false, withFreshToken: false };
    expect(attempts).toEqual([
      { number: 1, atMs: 0 },
      { ...usual, number: 2, repeatReason: 'unavailable', onNewConnection: true, atMs: 100 },
      { ...usual, number: 3, repeatReason: 'not-connected', atMs: 300 },
    ]);
    const message = 'The call of Microsoft Graph is retried';
    const line = { message, operation: 'get', requestId: 'test-request-id' };
    expect(told()).toEqual([
      { ...line, attempt: 2, reason: 'unavailable', delayMs: 100 },
      { ...line, attempt: 3, reason: 'not-connected', delayMs: 200 },
    ]);
  });

  it('ask once, at once, for a fresh token when a token of its own is rejected', async () => {
    const credentials = { ...passthroughCredentials, hasOwnTokens: true };
    const { runOut, attempts } = start('add', [401], testCall(), { credentials });
    expect(await runOut()).toMatchObject({ status: 401 });
    expect(attempts).toMatchObject([{ number: 1 }, { withFreshToken: true, atMs: 0 }]);
  });

  it.each<[string, End, number]>([
    ['time', [429, '20'], 1],
    ['attempts', 500, 3],
  ])('end for lack of %s, and say so', async (reason, end, attempt) => {
    const { runOut, attempts, told } = start('list', [end]);
    await runOut();
    expect(attempts).toHaveLength(attempt);
    const message = 'The call of Microsoft Graph is not retried';
    expect(told().at(-1)).toMatchObject({ message, reason, attempt });
  });

  it('end when the process has none to spare', async () => {
    // As in the gateway: an AbortSignal warns of so many listeners.
    const { run, clock, attempts } = start('get', [500], testCall({ signal: new EndController() }));
    const ends = Array.from({ length: 40 }, () => run());
    await clock.advance(20_000);
    await Promise.all(ends);
    expect(attempts.length).toBeLessThan(80);
  });

  it.each<[GraphOperation, boolean]>([
    ['delete', true],
    ['get', false],
  ])('end with the operation, a %s in doubt: %j', async (operation, mayHaveBeenApplied) => {
    const { call, end } = endableCall();
    const { run, attempts, leftovers } = start(operation, [[504, '10']], call);
    const ended = run();
    await turn();
    end('callerLeft');
    expect(await ended).toMatchObject({ code: 'callerLeft', mayHaveBeenApplied });
    expect([attempts.length, ...leftovers()]).toEqual([1, 0, 0]);
  });

  const unsent = new GraphError('unavailable', 'Rejected by the breaker');
  it.each<[string, boolean, End]>([
    ['a break', true, failed('broken')],
    ['a 503 that does not say when', true, 503],
    ['a 503 that does', false, [503, '1']],
    ['a connection that was never made', false, failed('not-connected')],
  ])(
    'after %s leave a delete in doubt, whatever comes last: %j',
    async (_what, isInDoubt, first) => {
      for (const status of [204, 403, 404]) {
        const answer = await start('delete', [first, status]).runOut();
        expect([status, 'isAfterDoubt' in answer]).toEqual([status, isInDoubt]);
      }
      for (const last of [failed('untrusted'), failed('ended'), unsent]) {
        const error = await start('delete', [first, last]).runOut();
        expect(error).toMatchObject({ message: last.message, mayHaveBeenApplied: isInDoubt });
      }
    },
  );
});

describe('the budget of a send', () => {
  const callOf = (signature: string) => {
    const claims = Buffer.from(JSON.stringify({ tid: 'tenant', azp: 'app' }));
    const callerToken = new Secret(`e30.${claims.toString('base64url')}.${signature}`);
    return testCall({ callerToken });
  };

  it.each([200, 204, 302, 400, 401, 404, 429, 500])(
    'counts a token by itself until it is accepted, which a %i may show, and from a 401 on',
    async (status) => {
      const { runOut, keys } = start('add', [status, 200, 401, 200], callOf('a'));
      for (let asked = 0; asked < 4; asked += 1) {
        await runOut();
      }
      // A 429 is repeated, as what comes next.
      const [own, next, third, last] = keys;
      expect([next === own, third === own, last === own]).toEqual([status >= 300, false, true]);
    },
  );

  it('pauses whom it counts the request for: no tenant that a token only names', async () => {
    const ends: End[] = [[429, '120'], 200, [429, '30']];
    const { runOut, keys, pauses } = start('add', ends);
    await runOut(callOf('forged'));
    await runOut(callOf('genuine'));
    await runOut(callOf('genuine'));
    const [forged, , shared] = keys;
    expect(pauses.slice(0, 2)).toEqual([
      [forged, 120_000],
      [shared, 30_000],
    ]);
    expect(forged).not.toBe(shared);
  });
});

describe('what a send rejects itself', () => {
  it('is another place than Graph: no token goes there', async () => {
    const send = createTestSend({ transport: () => Promise.reject(new Error('sent')) });
    const elsewhere = new URL('/deviceManagement/complianceManagementPartners', 'http://evil/');
    const sending = send({ operation: 'list', url: elsewhere, call: testCall() });
    await expect(sending).rejects.toThrow(TypeError);
  });

  it('is counted if the budget has no room', async () => {
    const measurements = recordingMeasurements();
    const throttled = new GraphError('throttled', 'No room');
    const budget = { acquire: () => Promise.reject(throttled), pause: async () => undefined };
    const { runOut, attempts } = start('list', [200], testCall(), { measurements, budget });
    expect([await runOut(), attempts]).toEqual([throttled, []]);
    expect(measurements.events).toEqual(['rejected by budget']);
  });

  // After a stop of the whole process, places come free before the timers end what waits.
  it('has waited for its place beyond its deadline, though no timer has fired', async () => {
    let nowMs = 0;
    let release = (): void => undefined;
    const sent: string[] = [];
    const send = createTestSend({
      concurrency: 1,
      clock: { now: () => nowMs, startTimer: () => () => undefined },
      transport: ({ call: { requestId } }) => {
        sent.push(requestId);
        return new Promise((resolve) => {
          release = () => resolve({ status: 200, headers: {}, body: Buffer.alloc(0) });
        });
      },
    });
    const ask = (requestId: string, deadlineMs: number) =>
      send({ operation: 'list', url, call: testCall({ requestId, deadlineMs }) });
    const [first, second, third] = [ask('first', 10), ask('second', 10), ask('third', 11)];
    await turn();
    nowMs = 10;
    release();
    const details = { fault: 'queued' };
    await expect(second).rejects.toMatchObject({ code: 'timeout', details });
    await first;
    await turn();
    release();
    await third;
    expect(sent).toEqual(['first', 'third']);
  });
});
