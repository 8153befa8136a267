import { expect } from '@jest/globals';
import { always, times } from '../support/faultProxy/fault.ts';
import { type HeldFault, held, status } from '../support/faultProxy/faults.ts';
import { startIdentityStage } from '../support/identityStage.ts';
import { openConnection, type RawConnection } from '../support/rawConnection.ts';
import type { TestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createVirtualClock, type VirtualClock, whileTimeStands } from '../support/virtualClock.ts';
import { lengthenName, longQuery, onlyForThem, toldOf, untilDone } from './lane/inFlight.ts';
import {
  ask,
  bytesOf,
  fourCallers,
  type LaneCaller,
  putFourCallers,
  type SeenStage,
} from './lane/laneCaller.ts';
import { type FaultLane, startFaultLane } from './lane/startFaultLane.ts';
import { describePlayed, type Look } from './matrix/processFaults.ts';

const [answered, hasLeft] = ['Microsoft Graph answered', 'Answered, caller left'];
const retried = 'The call of Microsoft Graph is retried';
const ended = ['Microsoft Graph gave no answer, caller left', hasLeft];
const finished = ['Microsoft Graph answered, caller left', hasLeft];

/** What the log tells of a read and of a write whose caller has left: Graph's part, and its own end. */
const told: Readonly<Record<string, readonly [read: string[], write?: string[]]>> = {
  'while it waits for a token': [[hasLeft]],
  'while it waits in the queue before Graph': [[hasLeft]],
  'while it waits behind another change': [[hasLeft]],
  'in back-off': [[answered, retried, hasLeft]],
  "before Graph's answer": [ended, finished],
  "in the middle of Graph's answer": [ended, finished],
  'in the middle of its own answer': [[answered, hasLeft]],
};

const prefix = 'the caller leaves ';

describePlayed<{ readonly told: readonly string[] }>(
  'leaving',
  async (look, closeLater) => {
    const clock = createVirtualClock();
    // So many that the four operations can be in flight together, and no more.
    const lane = await startFaultLane({ environment: { GRAPH_CONNECTIONS: '4' }, clock });
    closeLater(lane.close);
    await leaveInFlight(look, lane, "before Graph's answer", held());
    await leaveInFlight(look, lane, "in the middle of Graph's answer", held(0.5));
    await leaveInBackOff(look, lane, clock);
    await leaveQueue(look, lane, clock);
    await leaveBehindChange(look, lane, clock);
    await until(() => clock.pendingTimers === 0);

    // Time stands still: no request for a token may be given up before all of them have been made.
    const time = createVirtualClock(Date.now());
    const stage = await whileTimeStands(
      time,
      startIdentityStage('on-behalf-of', {}, { clock: time }),
    );
    closeLater(() => whileTimeStands(time, stage.close()));
    await leaveForToken(look, stage);

    const ownLane = await startFaultLane();
    closeLater(ownLane.close);
    await leaveOwnAnswer(look, ownLane);
  },
  (seen, name) => {
    const [read, write = read] = told[name.slice(prefix.length)] ?? [];
    expect(seen.told).toEqual(seen.operation === 'read' ? read : write);
  },
);

/** Where callers are when they leave, and what happens then. */
interface Leaving {
  /** Resolves once all of them are where they are to leave. */
  readonly untilThere: () => Promise<unknown>;
  /** Happens once the gateway could notice. */
  readonly afterwards?: () => Promise<unknown>;
  /** In place of the usual one. */
  readonly query?: string;
  /** Happens with each connection before anything is sent. */
  readonly prepare?: (connection: RawConnection) => void;
}

/** Sends what callers want, has them leave together, and looks once the log has told the end of each. */
async function leave(
  look: Look,
  stage: SeenStage & { readonly gateway: TestGateway },
  name: string,
  callers: readonly LaneCaller[],
  { untilThere, afterwards, prepare, ...asked }: Leaving,
): Promise<void> {
  const { gateway } = stage;
  const connections = await Promise.all(callers.map(() => openConnection(gateway.url)));
  for (const [index, caller] of callers.entries()) {
    prepare?.(connections[index] as RawConnection);
    connections[index]?.send(bytesOf(caller, asked));
  }
  await untilThere();
  for (const { socket } of connections) {
    // RST: after a FIN alone the caller may wait for its answer.
    socket.resetAndDestroy();
  }
  // A round trip, after which the gateway has noticed.
  await gateway.get('/livez');
  await afterwards?.();
  await until(() => callers.every((caller) => isToldToTheEnd(gateway, caller)));
  for (const caller of callers) {
    const met = [{ caller, ending: { code: 'left', result: {} } }];
    look(prefix + name, stage, met, { told: toldOf(gateway.logLines, caller.requestId) });
  }
}

/** Whether the line is there that a request ends with. */
const isToldToTheEnd = (gateway: TestGateway, { requestId }: LaneCaller): boolean =>
  toldOf(gateway.logLines, requestId).some((text) => text.startsWith('Answered'));

async function leaveInFlight(look: Look, lane: FaultLane, name: string, fault: HeldFault) {
  const callers = await putFourCallers(lane, name.replaceAll(/\W/g, '-'));
  lane.proxy.script(onlyForThem(callers, always(fault)));
  await leave(look, lane, name, callers, {
    untilThere: () => untilDone(lane, callers),
    async afterwards() {
      // A read ends with its caller, and not with Graph's answer.
      await until(() => isToldToTheEnd(lane.gateway, callers[0]));
      fault.release();
    },
  });
}

async function leaveInBackOff(look: Look, lane: FaultLane, clock: VirtualClock) {
  const callers = await putFourCallers(lane, 'back-off');
  lane.proxy.script(onlyForThem(callers, times(callers.length, status(429, '10'))));
  const isWaiting = ({ requestId }: LaneCaller): boolean =>
    toldOf(lane.gateway.logLines, requestId).includes(retried);
  await leave(look, lane, 'in back-off', callers, {
    untilThere: () => until(() => callers.every(isWaiting)),
    async afterwards() {
      await until(() => clock.pendingTimers === 0);
      await clock.advance(60_000);
    },
  });
}

/** Others have all connections to Graph, and one more waits behind those that leave. */
async function leaveQueue(look: Look, lane: FaultLane, clock: VirtualClock) {
  const callers = await putFourCallers(lane, 'queue');
  const [patient] = await putFourCallers(lane, 'patient');
  const release = await hold(lane, await putFourCallers(lane, 'holder'));
  const timers = clock.pendingTimers;
  let waiting: Promise<unknown> = Promise.resolve();
  await leave(look, lane, 'while it waits in the queue before Graph', callers, {
    async untilThere() {
      await untilDeadlinesRun(clock, timers + callers.length);
      waiting = ask(lane.gateway.url, patient);
      await untilDeadlinesRun(clock, timers + callers.length + 1);
    },
    async afterwards() {
      await release();
      await waiting;
    },
  });
}

/** Each is preceded by another change of the same partner with the same token. */
async function leaveBehindChange(look: Look, lane: FaultLane, clock: VirtualClock) {
  const callers = (await putFourCallers(lane, 'change')).slice(2);
  // Of the other method, so that its request is not taken for the one that must not be made.
  const release = await hold(
    lane,
    callers.map((caller) => ({
      ...caller,
      requestId: `holder-of-${caller.id}`,
      operation: caller.operation === 'update' ? 'delete' : 'update',
    })),
  );
  const timers = clock.pendingTimers;
  await leave(look, lane, 'while it waits behind another change', callers, {
    untilThere: () => untilDeadlinesRun(clock, timers + callers.length),
    afterwards: release,
  });
}

/** Has callers ask whom Graph answers only when they are released. */
async function hold({ gateway, proxy }: FaultLane, holders: readonly LaneCaller[]) {
  const fault = held();
  const count = proxy.received.length + holders.length;
  proxy.script(times(holders.length, fault));
  const asking = Promise.all(holders.map((holder) => ask(gateway.url, holder)));
  await proxy.until(({ received }) => received.length === count);
  return () => {
    fault.release();
    return asking;
  };
}

/** Waits until so many timers run, and what began with the last of them has come as far as it can. */
async function untilDeadlinesRun(clock: VirtualClock, count: number): Promise<void> {
  await until(() => clock.pendingTimers >= count);
  for (let turn = 0; turn < 20; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A token endpoint that hangs is asked for a token for Graph. */
async function leaveForToken(
  look: Look,
  { authority, gateway, graph }: Awaited<ReturnType<typeof startIdentityStage>>,
) {
  // Partners of their own: changes of one partner wait for each other before a token is wanted.
  const callers = fourCallers('token').map((caller, index) => ({
    ...caller,
    id: graph.partners()[index]?.id ?? '',
    token: authority.mint({ scope: 'Partners.ReadWrite' }),
  }));
  // Graph sees other tokens than the gateway's callers have, so all that it was asked counts for each of them.
  const proxy = {
    get received() {
      return callers.flatMap(({ token }) =>
        graph.requests.map((sent) => ({ ...sent, headers: { authorization: `Bearer ${token}` } })),
      );
    },
  };
  authority.faults.set({ kind: 'hang' }, { endpoint: 'token' });
  const asked = authority.count('token') + callers.length;
  await leave(look, { graph, gateway, proxy }, 'while it waits for a token', callers, {
    untilThere: () => until(() => authority.count('token') === asked),
  });
}

/** The caller leaves before it has got all of an answer that is too long for the system. */
async function leaveOwnAnswer(look: Look, lane: FaultLane) {
  const { gateway } = lane;
  const [reader] = await putFourCallers(lane, 'own');
  await lengthenName(lane, reader);
  await leave(look, lane, 'in the middle of its own answer', [reader], {
    query: longQuery,
    prepare: ({ socket }) => void socket.pause(),
    async untilThere() {
      await until(() => toldOf(gateway.logLines, reader.requestId).includes(answered));
      // What is asked later is answered: so this answer has begun as well.
      await gateway.get('/livez');
    },
  });
}
