import { describe, expect, it } from '@jest/globals';
import { createPartnerLocks } from '../../src/resolvers/partnerLocks.ts';
import { Secret } from '../../src/secret.ts';
import { endableCall, testCall } from '../support/graphClients.ts';

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

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('createPartnerLocks', () => {
  it("lets one caller's changes to one partner happen one after the other", async () => {
    const locks = createPartnerLocks();
    const events: string[] = [];
    const [first, second] = [heldChange(events, 'first'), heldChange(events, 'second')];
    const running = [
      locks.run('a', testCall(), first.change),
      locks.run('A', testCall(), second.change),
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
    const locks = createPartnerLocks();
    const first = heldChange([], 'first');
    const running = locks.run('a', testCall(), first.change);
    await expect(locks.run(id, call, async () => 'done')).resolves.toBe('done');
    first.end();
    await running;
  });

  it('goes on after a change that failed', async () => {
    const locks = createPartnerLocks();
    const failing = locks.run('a', testCall(), () => Promise.reject(new Error('no')));
    const next = locks.run('a', testCall(), async () => 'done');
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
      const locks = createPartnerLocks();
      const events: string[] = [];
      const [first, third] = [heldChange(events, 'first'), heldChange(events, 'third')];
      const { call, end } = endableCall();
      const running = locks.run('a', testCall(), first.change);
      const waiting = locks.run('a', call, async () => 'no');
      const behind = locks.run('a', testCall(), third.change);
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
    await expect(createPartnerLocks().run('a', call, async () => 'no')).rejects.toMatchObject({
      code: 'timeout',
    });
  });
});
