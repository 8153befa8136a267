import { lasting } from '../../support/faultProxy/fault.ts';
import { status } from '../../support/faultProxy/faults/plainAnswers.ts';
import { ask, type LaneCaller, putFourCallers } from '../lane/laneCaller.ts';
import { type Seen, seenOf } from '../lane/seen.ts';
import { type FaultLane, startFaultLane } from '../lane/startFaultLane.ts';
import { type LaneOperation, laneOperations } from '../lane/tellsTheTruth.ts';
import { outageMs } from '../matrix/outageFaults.ts';
import { byOperation, type CloseLater, type SeenByOperation } from '../process/played.ts';
import { createOutageClock, type OutageClock } from './outageClock.ts';

/** More than it takes to open the breaker. */
const mostBefore = 20;

/** An outage as one operation met it, again and again. */
export interface PlayedOutage {
  readonly before: readonly Seen[];
  readonly open: readonly Seen[];
  readonly looks: readonly Seen[];
  readonly firstLook: readonly Seen[];
  /** All four operations after that. */
  readonly afterwards: SeenByOperation;
  /** How many requests of all kinds had reached Graph when the breaker opened. */
  readonly callsBefore: number;
  /** At which seconds a look reached Graph, the first one after the outage included. */
  readonly lookSeconds: readonly number[];
  /** All timers that the gateway started for what it held back, each with its time in milliseconds. */
  readonly delaysWhileOpen: ReadonlySet<number>;
}

/** Plays it with one operation, which comes twice in each second. */
export async function playOutage(
  operation: LaneOperation,
  closeLater: CloseLater,
): Promise<PlayedOutage> {
  const clock = createOutageClock();
  closeLater(async () => clock.release());
  const lane = await startFaultLane({ environment: {}, clock });
  closeLater(() => drive(clock, lane.close()));
  return play({ clock, lane }, operation);
}

interface Stage {
  readonly clock: OutageClock;
  readonly lane: FaultLane;
}

async function play({ clock, lane }: Stage, operation: LaneOperation): Promise<PlayedOutage> {
  const startedMs = clock.now();
  const one = await putCaller(lane, 'one', operation);
  const another = await putCaller(lane, 'another', operation);
  const isClosed = (): boolean => lane.breaker === 'closed';
  let asked = 0;

  /** Each time with a token of its own, so that its calls can be told from those of the last time. */
  async function see(caller: LaneCaller): Promise<Seen> {
    asked += 1;
    const now = { ...caller, token: `${caller.token}-${asked}` };
    const sinceMs = clock.now();
    const ending = await ask(lane.gateway.url, now);
    return seenOf(lane, now, { ...ending, endedMs: clock.now() }, sinceMs);
  }

  lane.proxy.script(lasting(outageMs, status(503)));
  const before: Seen[] = [];
  while (isClosed() && before.length < mostBefore) {
    before.push(await drive(clock, see(one)));
  }
  const callsBefore = lane.proxy.received.length;

  const open: Seen[] = [];
  const looks: Seen[] = [];
  const firstLook: Seen[] = [];
  const lookSeconds: number[] = [];
  const delaysWhileOpen = new Set<number>();
  while (!isClosed() && clock.now() - startedMs < 2 * outageMs) {
    await clock.advance(1000);
    clock.delaysMs.length = 0;
    const seen = await drive(clock, Promise.all([see(one), see(another)]));
    if (seen.some(({ calls }) => calls > 0)) {
      lookSeconds.push((clock.now() - startedMs) / 1000);
    } else {
      clock.delaysMs.forEach((delayMs) => void delaysWhileOpen.add(delayMs));
    }
    for (const each of seen) {
      const kind = each.calls === 0 ? open : each.code === 'ok' ? firstLook : looks;
      kind.push(each);
    }
  }
  const callers = await putFourCallers(lane, 'afterwards');
  const seen = await drive(clock, Promise.all(callers.map(see)));
  const afterwards = byOperation((op) =>
    seen.filter((_each, index) => laneOperations[index] === op),
  );
  return { before, open, looks, firstLook, afterwards, callsBefore, lookSeconds, delaysWhileOpen };
}

async function putCaller(
  lane: FaultLane,
  name: string,
  operation: LaneOperation,
): Promise<LaneCaller> {
  const callers = await putFourCallers(lane, name);
  return callers[laneOperations.indexOf(operation)] as LaneCaller;
}

const patienceMs = 10_000;

/** Lets a thing happen for which no time has to pass; rejects where it does not come to its end. */
async function drive<Result>(clock: OutageClock, happening: Promise<Result>): Promise<Result> {
  const untilMs = performance.now() + patienceMs;
  let isOver = false;
  const noteEnd = (): void => {
    isOver = true;
  };
  happening.then(noteEnd, noteEnd);
  while (!isOver) {
    if (performance.now() > untilMs) {
      throw new Error('It waits for time to pass');
    }
    await clock.advance(0);
  }
  return happening;
}
