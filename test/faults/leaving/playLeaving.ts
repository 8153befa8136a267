import { always, times } from '../../support/faultProxy/fault.ts';
import { type HeldFault, held, heldInTheMiddle } from '../../support/faultProxy/faults/delays.ts';
import { status } from '../../support/faultProxy/faults/plainAnswers.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtualClock.ts';
import { ask, type LaneCaller, putFourCallers } from '../lane/laneCaller.ts';
import { type FaultLane, startFaultLane } from '../lane/startFaultLane.ts';
import type { leavingFaults } from '../matrix/callerFaults.ts';
import { onlyForThem, untilDone } from '../process/inFlight.ts';
import { type CloseLater, type Played, type SeenByOperation, until } from '../process/played.ts';
import { toldOf } from '../process/toldOf.ts';
import { isToldToTheEnd, leave } from './leave.ts';

/** What one lane is enough for. */
type Faults = Omit<
  typeof leavingFaults,
  | 'the caller leaves while it waits for a token'
  | 'the caller leaves in the middle of its own answer'
>;

interface Stage {
  readonly lane: FaultLane;
  readonly clock: VirtualClock;
}

/** So many that the four operations can be in flight together, and no more. */
const graphConnections = 4;
const turnsToSettle = 20;

/** Plays callers that leave while time stands still; nothing may be left that waits. */
export async function playLeaving(closeLater: CloseLater): Promise<Played<Faults>> {
  const clock = createVirtualClock();
  const environment = { GRAPH_CONNECTIONS: String(graphConnections) };
  const lane = await startFaultLane({ environment, clock });
  closeLater(async () => {
    const closed = lane.close();
    await clock.advance(0);
    await closed;
  });
  const stage = { clock, lane };
  const beforeAnswer = await leaveInFlight(stage, 'flight', held());
  const inAnswer = await leaveInFlight(stage, 'middle', heldInTheMiddle());
  const inBackOff = await leaveInBackOff(stage);
  const inQueue = await leaveQueue(stage);
  const behindChange = await leaveBehindChange(stage);
  await until(() => clock.pendingTimers === 0);
  return {
    "the caller leaves before Graph's answer": beforeAnswer,
    "the caller leaves in the middle of Graph's answer": inAnswer,
    'the caller leaves in back-off': inBackOff,
    'the caller leaves while it waits in the queue before Graph': inQueue,
    'the caller leaves while it waits behind another change': behindChange,
  };
}

async function leaveInFlight(
  { lane }: Stage,
  name: string,
  fault: HeldFault,
): Promise<SeenByOperation> {
  const { gateway, proxy } = lane;
  const callers = await putFourCallers(lane, name);
  proxy.script(onlyForThem(callers, always(fault)));
  return leave(lane, callers, {
    untilThere: () => untilDone(lane, callers),
    async afterwards() {
      // A read ends with its caller, and not with Graph's answer.
      await until(() => callers.slice(0, 1).every((caller) => isToldToTheEnd(gateway, caller)));
      fault.release();
    },
  });
}

async function leaveInBackOff({ lane, clock }: Stage): Promise<SeenByOperation> {
  const { gateway, proxy } = lane;
  const callers = await putFourCallers(lane, 'back-off');
  proxy.script(onlyForThem(callers, times(callers.length, status(429, '10'))));
  const isWaiting = ({ requestId }: LaneCaller): boolean =>
    toldOf(gateway.logLines, requestId).includes('Microsoft Graph is asked again');
  return leave(lane, callers, {
    untilThere: () => until(() => callers.every(isWaiting)),
    async afterwards() {
      await until(() => clock.pendingTimers === 0);
      await clock.advance(60_000);
    },
  });
}

/** Others have all connections to Graph, and one more waits behind those that leave. */
async function leaveQueue({ lane, clock }: Stage): Promise<SeenByOperation> {
  const { gateway, proxy } = lane;
  const holders = await putFourCallers(lane, 'holder');
  const callers = await putFourCallers(lane, 'queue');
  const [patient] = await putFourCallers(lane, 'patient');
  const fault = held();
  const received = proxy.received.length + holders.length;
  proxy.script(onlyForThem(holders, always(fault)));
  const holding = Promise.all(holders.map((holder) => ask(gateway.url, holder)));
  await proxy.until((record) => record.received.length === received);
  const timers = clock.pendingTimers;
  let waiting: Promise<unknown> = Promise.resolve();
  return leave(lane, callers, {
    async untilThere() {
      await untilDeadlinesRun(clock, timers + callers.length);
      waiting = ask(gateway.url, patient as LaneCaller);
      await untilDeadlinesRun(clock, timers + callers.length + 1);
    },
    async afterwards() {
      fault.release();
      await Promise.all([holding, waiting]);
    },
  });
}

/** Each is preceded by another change of the same partner with the same token. */
async function leaveBehindChange({ lane, clock }: Stage): Promise<SeenByOperation> {
  const { gateway, proxy } = lane;
  const [, , update, remove] = await putFourCallers(lane, 'change');
  const callers = [update, remove] as readonly LaneCaller[];
  // Of the other method, so that its request is not taken for the one that must not be made.
  const holders = callers.map(({ intent, ...caller }, index) => ({
    ...caller,
    requestId: `holder-of-${intent.id}`,
    intent: { ...intent, operation: index === 0 ? ('delete' as const) : ('update' as const) },
  }));
  const fault = held();
  const received = proxy.received.length + holders.length;
  proxy.script(onlyForThem(holders, times(holders.length, fault)));
  const holding = Promise.all(holders.map((holder) => ask(gateway.url, holder)));
  await proxy.until((record) => record.received.length === received);
  const timers = clock.pendingTimers;
  return leave(lane, callers, {
    untilThere: () => untilDeadlinesRun(clock, timers + callers.length),
    async afterwards() {
      fault.release();
      await holding;
    },
  });
}

/** Waits until so many timers run, and what began with the last of them has come as far as it can. */
async function untilDeadlinesRun(clock: VirtualClock, count: number): Promise<void> {
  await until(() => clock.pendingTimers >= count);
  for (let turn = 0; turn < turnsToSettle; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
