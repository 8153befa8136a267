import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { GraphCall, GraphResponse } from '../../src/graph/request.ts';
import { createTestSend, endableCall, testCall } from '../support/graphClients.ts';
import { recordingMeasurements } from '../support/measurements.ts';

const answer: GraphResponse = { status: 200, headers: {}, body: Buffer.alloc(0) };
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A bulkhead before a send that answers, or fails, when the test says so. */
function createStage(options: { concurrency: number; queue: number }) {
  const measurements = recordingMeasurements();
  const begun: string[] = [];
  const settle = new Map<string, { answer: () => void; fail: (error: Error) => void }>();
  const send = createTestSend(
    {
      // Nothing here is ended by time.
      clock: { now: Date.now, startTimer: () => () => undefined },
      measurements,
      transport: ({ call: { requestId } }) =>
        new Promise((resolve, reject) => {
          begun.push(requestId);
          settle.set(requestId, { answer: () => resolve(answer), fail: reject });
        }),
    },
    options,
  );
  const ask = (requestId: string, call: GraphCall = testCall()): Promise<unknown> =>
    send({
      operation: 'list',
      url: new URL('http://graph/partners'),
      headers: {},
      call: { ...call, requestId },
    }).catch((error: unknown) => error);
  const heldBack = () => measurements.events.filter((event) => event.startsWith('rejected by'));
  return { ask, begun, end: (id: string) => settle.get(id), heldBack };
}

describe('the concurrency limit of a send', () => {
  it('lets so many through at one time, and the others in the order in which they came', async () => {
    const { ask, begun, end } = createStage({ concurrency: 2, queue: 10 });
    const asked = ['a', 'b', 'c', 'd'].map((id) => ask(id));
    await turn();
    expect(begun).toEqual(['a', 'b']);
    end('b')?.answer();
    await turn();
    expect(begun).toEqual(['a', 'b', 'c']);
    end('a')?.answer();
    await turn();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    end('c')?.answer();
    end('d')?.answer();
    await expect(Promise.all(asked)).resolves.toEqual([answer, answer, answer, answer]);
  });

  it('turns away what finds the queue full, at once, and says when to come back', async () => {
    const { ask, begun, end, heldBack } = createStage({ concurrency: 1, queue: 1 });
    const [first, second] = [ask('first'), ask('second')];
    await expect(ask('third')).resolves.toMatchObject({
      code: 'overloaded',
      mayHaveBeenApplied: false,
      details: { retryAfterMs: 1000 },
    });
    expect([begun, heldBack()]).toEqual([['first'], ['rejected by bulkhead']]);
    end('first')?.answer();
    await first;
    await turn();
    end('second')?.answer();
    await expect(second).resolves.toEqual(answer);
  });

  it.each(['deadline', 'callerLeft', 'shutdown'] as const)(
    'rejects at once what waits when %s fires, and gives its turn to the next',
    async (reason) => {
      const { ask, begun, end } = createStage({ concurrency: 1, queue: 3 });
      const { call, end: endCall } = endableCall();
      const first = ask('first');
      const [second, third] = [ask('second', call), ask('third')];
      await turn();
      endCall(reason);
      await expect(second).resolves.toMatchObject({
        details: { fault: 'queued' },
        mayHaveBeenApplied: false,
      });
      expect(getEventListeners(call.signal as AbortSignal, 'abort')).toHaveLength(0);
      end('first')?.answer();
      await turn();
      expect(begun).toEqual(['first', 'third']);
      end('third')?.answer();
      await Promise.all([first, third]);
    },
  );

  it('keeps no place in the queue for one that gave up', async () => {
    const { ask, begun, end, heldBack } = createStage({ concurrency: 1, queue: 1 });
    const { call, end: endCall } = endableCall();
    const first = ask('first');
    const second = ask('second', call);
    endCall('callerLeft');
    await second;
    const third = ask('third');
    end('first')?.answer();
    await first;
    await turn();
    expect([begun, heldBack()]).toEqual([['first', 'third'], []]);
    end('third')?.answer();
    await expect(third).resolves.toEqual(answer);
  });

  it('lets no call overtake a waiting one, whatever the timing', async () => {
    const { ask, begun, end, heldBack } = createStage({ concurrency: 1, queue: 1 });
    const asked = [ask('first'), ask('second')];
    await turn();
    end('first')?.answer();
    // One that comes in each of the moments in which the turn goes from hand to hand.
    for (let moment = 0; moment < 8; moment += 1) {
      asked.push(ask(`late ${moment}`));
      await Promise.resolve();
    }
    await turn();
    expect(begun).toEqual(['first', 'second']);
    for (const id of ['second', ...Array.from({ length: 8 }, (_, moment) => `late ${moment}`)]) {
      end(id)?.answer();
      await turn();
    }
    const answers = await Promise.all(asked);
    expect(answers.filter((one) => (one as object) instanceof Error)).toHaveLength(
      heldBack().length,
    );
    expect(answers[1]).toEqual(answer);
  });

  it('does not begin with what had ended before', async () => {
    const { ask, begun } = createStage({ concurrency: 1, queue: 1 });
    const { call, end } = endableCall();
    end('deadline');
    await expect(ask('late', call)).resolves.toMatchObject({ code: 'timeout' });
    expect(begun).toEqual([]);
    void ask('next');
    await turn();
    expect(begun).toEqual(['next']);
  });
});
