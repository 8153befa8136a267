import { describe, expect, it } from '@jest/globals';
import type { GraphOperation } from '../../../src/graph/operation.ts';
import { attemptLimitMsOf, createAttemptLimit } from '../../../src/graph/pipeline/attemptLimit.ts';
import type { GraphRequest, GraphResponse } from '../../../src/graph/pipeline/pipeline.ts';
import { testCall } from '../../support/graphClients.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';

describe('attemptLimitMsOf', () => {
  it.each<[GraphOperation, number, number | undefined]>([
    // A read leaves time for a repeat.
    ['list', 20_000, 8_000],
    ['get', 8_001, 8_000],
    ['getMany', 20_000, 8_000],
    ['list', 8_000, undefined],
    ['list', 100, undefined],
    // An add leaves time to look.
    ['add', 20_000, 17_000],
    ['add', 12_000, 9_000],
    ['add', 4_000, 3_000],
    ['add', 100, 75],
    ['update', 20_000, undefined],
    ['delete', 20_000, undefined],
  ])('gives a %s with %i ms left %j ms', (operation, timeLeftMs, expected) => {
    expect(attemptLimitMsOf({ operation }, timeLeftMs)).toBe(expected);
  });
});

describe('createAttemptLimit', () => {
  const answer: GraphResponse = { status: 200, headers: {}, body: Buffer.alloc(0) };

  function createStage(operation: GraphOperation, timeLeftMs = 20_000) {
    const clock = createVirtualClock();
    const call = testCall({ deadlineMs: clock.now() + timeLeftMs });
    const request: GraphRequest = { operation, url: new URL('http://graph'), headers: {}, call };
    const signals: (AbortSignal | undefined)[] = [];
    let settle = (_end: GraphResponse | Error): void => undefined;
    const sent = createAttemptLimit(clock)(
      request,
      ({ attemptSignal }) =>
        new Promise((resolve, reject) => {
          signals.push(attemptSignal);
          settle = (end) => (end instanceof Error ? reject(end) : resolve(end));
        }),
    ).catch((error: unknown) => error);
    return {
      clock,
      sent,
      signal: () => signals[0],
      settle: (end: GraphResponse | Error) => settle(end),
    };
  }

  it('fires after the time and not before', async () => {
    const { clock, sent, signal, settle } = createStage('list');
    await clock.advance(7_999);
    expect(signal()?.aborted).toBe(false);
    await clock.advance(1);
    expect(signal()?.aborted).toBe(true);
    settle(new Error('took too long'));
    await expect(sent).resolves.toThrow('took too long');
    expect(clock.pendingTimers).toBe(0);
  });

  it.each<[string, GraphResponse | Error]>([
    ['an answer', answer],
    ['a failure', new Error('broken')],
  ])('takes its timer back with %s', async (_what, end) => {
    const { clock, sent, settle } = createStage('add');
    expect(clock.pendingTimers).toBe(1);
    settle(end);
    await expect(sent).resolves.toBe(end);
    expect(clock.pendingTimers).toBe(0);
  });

  it("sets none where the operation's own deadline is the limit", async () => {
    const { clock, sent, signal, settle } = createStage('update');
    expect(clock.pendingTimers).toBe(0);
    expect(signal()).toBeUndefined();
    settle(answer);
    await sent;
  });
});
