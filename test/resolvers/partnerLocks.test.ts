import { describe, expect, it } from '@jest/globals';
import type { GraphCall } from '../../src/graph/pipeline/pipeline.ts';
import type { PartnerLocks } from '../../src/resolvers/partnerLocks.ts';
import { Secret } from '../../src/secret.ts';
import { endableCall, testCall, testLocks } from '../support/graphClients.ts';

/** A change that ends when it is told to, and notes when it begins and ends. */
function heldChange(events: string[], name: string) {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const change = async () => {
    events.push(`${name} begins`);
    await ended;
    events.push(`${name} ends`);
    return name;
  };
  return { change, end: () => end() };
}

const run = <Result>(
  locks: PartnerLocks,
  id: string,
  call: GraphCall,
  change: () => Promise<Result>,
): Promise<Result> => locks.run({ id, call, read: async () => undefined, change });

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('createPartnerLocks', () => {
  it("lets one caller's changes to one partner happen one after the other", async () => {
    const locks = testLocks();
    const events: string[] = [];
    const [first, second] = [heldChange(events, 'first'), heldChange(events, 'second')];
    const running = [
      run(locks, 'a', testCall(), first.change),
      run(locks, 'A', testCall(), second.change),
    ];
    await turn();
    second.end();
    await turn();
    expect(events).toEqual(['first begins']);
    first.end();
    expect(await Promise.all(running)).toEqual(['first', 'second']);
    expect(events).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
  });

  it.each([
    ['another partner', 'b', testCall()],
    ['another caller', 'a', testCall({ callerToken: new Secret('another') })],
  ])('does not make a change wait for one of %s', async (_what, id, call) => {
    const locks = testLocks();
    const first = heldChange([], 'first');
    const running = run(locks, 'a', testCall(), first.change);
    await expect(run(locks, id, call, async () => 'done')).resolves.toBe('done');
    first.end();
    await running;
  });

  it('goes on after a change that failed', async () => {
    const locks = testLocks();
    const failing = run(locks, 'a', testCall(), () => Promise.reject(new Error('no')));
    const next = run(locks, 'a', testCall(), async () => 'done');
    await expect(failing).rejects.toThrow('no');
    await expect(next).resolves.toBe('done');
  });

  it.each([
    ['deadline', 'timeout'],
    ['callerLeft', 'callerLeft'],
    ['shutdown', 'unavailable'],
  ] as const)(
    'gives up at %s while it waits, without letting those behind overtake',
    async (reason, code) => {
      const locks = testLocks();
      const events: string[] = [];
      const [first, third] = [heldChange(events, 'first'), heldChange(events, 'third')];
      const { call, end } = endableCall();
      const running = run(locks, 'a', testCall(), first.change);
      const waiting = run(locks, 'a', call, async () => 'no');
      const behind = run(locks, 'a', testCall(), third.change);
      end(reason);
      await expect(waiting).rejects.toMatchObject({ code, mayHaveBeenApplied: false });
      third.end();
      await turn();
      expect(events).toEqual(['first begins']);
      first.end();
      await Promise.all([running, behind]);
      expect(events).toEqual(['first begins', 'first ends', 'third begins', 'third ends']);
    },
  );

  it('does not begin where the time is up already', async () => {
    const { call, end } = endableCall();
    end('deadline');
    await expect(run(testLocks(), 'a', call, async () => 'no')).rejects.toMatchObject({
      code: 'timeout',
    });
  });
});
