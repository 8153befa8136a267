import { expect, it } from '@jest/globals';
import { lasting } from '../support/faultProxy/fault.ts';
import { status } from '../support/faultProxy/faults.ts';
import { createVirtualClock, type VirtualClock, whileTimeStands } from '../support/virtualClock.ts';
import { ask, type LaneCaller, meet, putFourCallers, seenOf } from './lane/laneCaller.ts';
import { startFaultLane } from './lane/startFaultLane.ts';
import { describePlayed } from './matrix/processFaults.ts';

/** For how long Graph answers 503 to everything, without a word on when to come back. */
const outageMs = 60_000;
/** How often the gateway looks at the pace of bodies while one is not complete, and how long an operation may take. */
const [bodySweepMs, operationMs] = [100, 20_000];
/** More than it takes to open the breaker. */
const mostBefore = 20;
const prefix = 'the breaker in an outage of 60 s: ';

/** What each operation cost Graph that came twice in each second of an outage. */
const costs: unknown[] = [];

describePlayed<{ readonly durationMs: number }>(
  'outage',
  async (look, closeLater) => {
    for (const place of [0, 1, 2, 3]) {
      const virtualClock = createVirtualClock();
      /** With what timers were started with. */
      const delaysMs: number[] = [];
      const clock: VirtualClock = Object.assign(Object.create(virtualClock), {
        startTimer(delayMs: number, callback: () => void) {
          delaysMs.push(delayMs);
          return virtualClock.startTimer(delayMs, callback);
        },
      });
      const lane = await startFaultLane({ clock });
      closeLater(lane.close);
      const startedMs = clock.now();
      const isClosed = (): boolean => lane.breaker() === 'closed';
      let asked = 0;

      /** Each time with a token of its own, so that its calls can be told from those of the last time. */
      async function see(callers: readonly LaneCaller[], name?: string) {
        const sinceMs = clock.now();
        const own = callers.map((caller) => ({ ...caller, token: `${caller.token}-${asked++}` }));
        const met = await whileTimeStands(
          clock,
          meet(own, (caller) => ask(lane.gateway.url, caller)),
        );
        const durationMs = clock.now() - sinceMs;
        const calls = met.map(({ caller, ending }) => {
          const seen = seenOf(lane, caller, ending);
          const when = seen.calls === 0 ? 'while it is open' : 'the looks meanwhile, one at a time';
          const isOver = seen.code === 'ok';
          const after = 'the first look after it, and all that follow';
          look(prefix + (name ?? (isOver ? after : when)), lane, [{ caller, ending }], {
            durationMs,
          });
          return isOver ? 0 : seen.calls;
        });
        return { met, looks: calls.filter((count) => count > 0).length };
      }

      const callers: LaneCaller[] = [];
      for (const name of ['one', 'another']) {
        callers.push((await putFourCallers(lane, name))[place] as LaneCaller);
      }
      lane.proxy.script(lasting(outageMs, status(503)));
      for (let times = 0; isClosed() && times < mostBefore; times += 1) {
        await see(callers.slice(0, 1), 'before it opens');
      }
      /** How many requests of all kinds had reached Graph when the breaker opened. */
      const callsBefore = lane.proxy.received.length;

      /** When a look reached Graph, the first one after the outage included. */
      const lookSeconds: number[] = [];
      /** All timers that the gateway started for what it rejected itself. */
      const delaysWhileOpen = new Set<number>();
      let looks = 0;
      while (!isClosed() && clock.now() - startedMs < 2 * outageMs) {
        await clock.advance(1000);
        delaysMs.length = 0;
        const received = lane.proxy.received.length;
        looks += (await see(callers)).looks;
        if (lane.proxy.received.length > received) {
          lookSeconds.push((clock.now() - startedMs) / 1000);
        } else {
          delaysMs.forEach((delayMs) => void delaysWhileOpen.add(delayMs));
        }
      }
      const after = 'the first look after it, and all that follow';
      await see(await putFourCallers(lane, 'afterwards'), after);
      costs.push({ callsBefore, lookSeconds, looks, delaysWhileOpen: [...delaysWhileOpen] });
    }
  },
  ({ durationMs }) => expect(durationMs).toBe(0),
);

it('costs Graph ten calls and single looks; while the breaker is open, only two timers start', () => {
  const cost = {
    callsBefore: 10,
    lookSeconds: [3, 8, 18, 33, 48, 63],
    looks: 5,
    delaysWhileOpen: [bodySweepMs, operationMs],
  };
  expect(costs).toEqual([cost, cost, cost, cost]);
});
