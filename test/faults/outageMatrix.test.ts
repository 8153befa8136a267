import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CloseLater, useClosing } from '../support/closing.ts';
import { lasting } from '../support/faultProxy/fault.ts';
import { status } from '../support/faultProxy/faults.ts';
import { createVirtualClock, type VirtualClock, whileTimeStands } from '../support/virtualClock.ts';
import {
  ask,
  byOperation,
  type LaneCaller,
  type LaneOperation,
  laneOperations,
  putFourCallers,
  type Seen,
  seenOf,
} from './lane/laneCaller.ts';
import { startFaultLane } from './lane/startFaultLane.ts';
import { casesOf, expectPromised, outageFaults } from './matrix/processFaults.ts';

/** For how long Graph answers 503 to everything, without a word on when to come back. */
const outageMs = 60_000;
/** How long an operation may take. */
const operationMs = 20_000;
/** More than it takes to open the breaker. */
const mostBefore = 20;

const cases = casesOf(outageFaults);

/** How often the gateway looks at the pace of bodies while one is not complete. */
const bodySweepMs = 100;

describe.each(laneOperations)('an outage of Graph that meets each %s', (operation) => {
  const closeLater = useClosing(afterAll);
  let played: Awaited<ReturnType<typeof playOutage>>;
  beforeAll(async () => {
    played = await playOutage(operation, closeLater);
  });

  it.each(cases.filter((one) => one.operation === operation))('$number $name', (one) => {
    const seen = {
      'the breaker in an outage of 60 s: before it opens': played.before,
      'the breaker in an outage of 60 s: while it is open': played.open,
      'the breaker in an outage of 60 s: the looks meanwhile, one at a time': played.looks,
      'the breaker in an outage of 60 s: the first look after it, and all that follow': [
        ...played.firstLook,
        ...played.afterwards[operation],
      ],
    }[one.name];
    expectPromised(seen, one);
    expect(seen.map(({ durationMs }) => durationMs)).toEqual(seen.map(() => 0));
  });

  it.each(cases.filter(({ name }) => name.endsWith('all that follow')))(
    'is over for each $operation as well',
    (one) => {
      expectPromised(played.afterwards[one.operation], one);
    },
  );

  it('costs Graph ten calls, and then single looks after 3, 8, 18, 33 and 48 s', () => {
    expect(played.callsBefore).toBe(10);
    expect(played.lookSeconds).toEqual([3, 8, 18, 33, 48, 63]);
    expect(played.looks).toHaveLength(5);
  });

  it('is reported at once while the breaker is open: only the timers of the body and the deadline start', () => {
    expect([...played.delaysWhileOpen]).toEqual([bodySweepMs, operationMs]);
  });
});

/** What became of an operation, and how long it took in virtual time. */
type Timed = Seen & { readonly durationMs: number };

/** Plays it with one operation, which comes twice in each second. */
async function playOutage(operation: LaneOperation, closeLater: CloseLater) {
  const virtualClock = createVirtualClock();
  /** With what timers were started with. */
  const delaysMs: number[] = [];
  const clock: VirtualClock = Object.assign(Object.create(virtualClock), {
    startTimer(delayMs: number, callback: () => void) {
      delaysMs.push(delayMs);
      return virtualClock.startTimer(delayMs, callback);
    },
  });
  const lane = await startFaultLane({ environment: {}, clock });
  closeLater(lane.close);
  const startedMs = clock.now();
  const putCaller = async (name: string): Promise<LaneCaller> => {
    const callers = await putFourCallers(lane, name);
    return callers[laneOperations.indexOf(operation)] as LaneCaller;
  };
  const [one, another] = [await putCaller('one'), await putCaller('another')];
  const isClosed = (): boolean => lane.breaker === 'closed';
  let asked = 0;

  /** Each time with a token of its own, so that its calls can be told from those of the last time. */
  async function see(caller: LaneCaller): Promise<Timed> {
    asked += 1;
    const now = { ...caller, token: `${caller.token}-${asked}` };
    const sinceMs = clock.now();
    const ending = await ask(lane.gateway.url, now);
    return { ...seenOf(lane, now, ending), durationMs: clock.now() - sinceMs };
  }

  lane.proxy.script(lasting(outageMs, status(503)));
  const before: Timed[] = [];
  while (isClosed() && before.length < mostBefore) {
    before.push(await whileTimeStands(clock, see(one)));
  }
  /** How many requests of all kinds had reached Graph when the breaker opened. */
  const callsBefore = lane.proxy.received.length;

  const [open, looks, firstLook]: [Timed[], Timed[], Timed[]] = [[], [], []];
  /** When a look reached Graph, the first one after the outage included. */
  const lookSeconds: number[] = [];
  /** All timers that the gateway started for what it rejected itself. */
  const delaysWhileOpen = new Set<number>();
  while (!isClosed() && clock.now() - startedMs < 2 * outageMs) {
    await clock.advance(1000);
    delaysMs.length = 0;
    const seen = await whileTimeStands(clock, Promise.all([see(one), see(another)]));
    if (seen.some(({ calls }) => calls > 0)) {
      lookSeconds.push((clock.now() - startedMs) / 1000);
    } else {
      delaysMs.forEach((delayMs) => void delaysWhileOpen.add(delayMs));
    }
    for (const each of seen) {
      const kind = each.calls === 0 ? open : each.code === 'ok' ? firstLook : looks;
      kind.push(each);
    }
  }
  const callers = await putFourCallers(lane, 'afterwards');
  const seen = await whileTimeStands(clock, Promise.all(callers.map(see)));
  const afterwards = byOperation((op) =>
    seen.filter((_each, index) => laneOperations[index] === op),
  );
  return { before, open, looks, firstLook, afterwards, callsBefore, lookSeconds, delaysWhileOpen };
}
