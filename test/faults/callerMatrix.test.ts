import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../src/emulator/server.ts';
import { type CloseLater, useClosing } from '../support/closing.ts';
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
  byOperation,
  bytesOf,
  fourCallers,
  type LaneCaller,
  type LaneOperation,
  left,
  lookAt,
  putFourCallers,
  type Seen,
  type SeenStage,
} from './lane/laneCaller.ts';
import { type FaultLane, startFaultLane } from './lane/startFaultLane.ts';
import { casesOf, expectPromised, leavingFaults } from './matrix/processFaults.ts';

/** What became of each operation whose caller left, and what the log told of it. */
type Left = Readonly<
  Record<LaneOperation, readonly (Seen & { readonly told: readonly string[] })[]>
>;
type Played = Readonly<Record<keyof typeof leavingFaults, Left>>;

const [answered, hasLeft] = ['Microsoft Graph answered', 'Answered, caller left'];
const retried = 'The call of Microsoft Graph is retried';
const ended = ['Microsoft Graph gave no answer, caller left', hasLeft];
const finished = ['Microsoft Graph answered, caller left', hasLeft];

/** What the log tells of a read and of a write whose caller has left: Graph's part, and its own end. */
const told: Readonly<
  Record<keyof Played, readonly [read: readonly string[], write?: readonly string[]]>
> = {
  'the caller leaves while it waits for a token': [[hasLeft]],
  'the caller leaves while it waits in the queue before Graph': [[hasLeft]],
  'the caller leaves while it waits behind another change': [[hasLeft]],
  'the caller leaves in back-off': [[answered, retried, hasLeft]],
  "the caller leaves before Graph's answer": [ended, finished],
  "the caller leaves in the middle of Graph's answer": [ended, finished],
  'the caller leaves in the middle of its own answer': [[answered, hasLeft]],
};

describe('a caller that leaves', () => {
  const closeLater = useClosing(afterAll);
  let played: Played;
  beforeAll(async () => {
    played = {
      ...(await playLeaving(closeLater)),
      'the caller leaves while it waits for a token': await leaveForToken(closeLater),
      'the caller leaves in the middle of its own answer': await leaveOwnAnswer(closeLater),
    };
  });

  it.each(casesOf(leavingFaults))('$number $name: $operation', (one) => {
    const seen = played[one.name][one.operation];
    expectPromised(seen, one);
    const [read, write = read] = told[one.name];
    expect(seen[0]?.told).toEqual(one.operation === 'read' ? read : write);
  });
});

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
  stage: SeenStage & { readonly gateway: TestGateway },
  callers: readonly LaneCaller[],
  { untilThere, afterwards, query, prepare }: Leaving,
): Promise<Left> {
  const { gateway } = stage;
  const sockets = await Promise.all(
    callers.map(async (caller) => {
      const connection = await openConnection(gateway.url);
      prepare?.(connection);
      connection.send(bytesOf(caller, { ...(query !== undefined && { query }) }));
      return connection.socket;
    }),
  );
  await untilThere();
  for (const socket of sockets) {
    // RST: after a FIN alone the caller may wait for its answer.
    socket.resetAndDestroy();
  }
  // A round trip, after which the gateway has noticed.
  await gateway.get('/livez');
  await afterwards?.();
  await until(() => callers.every((caller) => isToldToTheEnd(gateway, caller)));
  const seen = lookAt(
    stage,
    callers.map((caller) => ({ caller, ending: left })),
  );
  return byOperation((operation) => {
    const caller = callers.find(({ intent }) => intent.operation === operation);
    const told = toldOf(gateway.logLines, caller?.requestId ?? '');
    return seen[operation].map((each) => ({ ...each, told }));
  });
}

/** Whether the line is there that a request ends with. */
const isToldToTheEnd = (gateway: TestGateway, { requestId }: LaneCaller): boolean =>
  toldOf(gateway.logLines, requestId).some((text) => text.startsWith('Answered'));

interface Stage {
  readonly lane: FaultLane;
  readonly clock: VirtualClock;
}

/** So many that the four operations can be in flight together, and no more. */
const graphConnections = 4;
const turnsToSettle = 20;

/** Plays callers that leave while time stands still; nothing may be left that waits. */
async function playLeaving(closeLater: CloseLater) {
  const clock = createVirtualClock();
  const environment = { GRAPH_CONNECTIONS: String(graphConnections) };
  const lane = await startFaultLane({ environment, clock });
  closeLater(lane.close);
  const stage: Stage = { clock, lane };
  const whenLeft = {
    "the caller leaves before Graph's answer": await leaveInFlight(stage, 'flight', held()),
    "the caller leaves in the middle of Graph's answer": await leaveInFlight(
      stage,
      'middle',
      held(0.5),
    ),
    'the caller leaves in back-off': await leaveInBackOff(stage),
    'the caller leaves while it waits in the queue before Graph': await leaveQueue(stage),
    'the caller leaves while it waits behind another change': await leaveBehindChange(stage),
  };
  await until(() => clock.pendingTimers === 0);
  return whenLeft;
}

async function leaveInFlight({ lane }: Stage, name: string, fault: HeldFault): Promise<Left> {
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

async function leaveInBackOff({ lane, clock }: Stage): Promise<Left> {
  const { gateway, proxy } = lane;
  const callers = await putFourCallers(lane, 'back-off');
  proxy.script(onlyForThem(callers, times(callers.length, status(429, '10'))));
  const isWaiting = ({ requestId }: LaneCaller): boolean =>
    toldOf(gateway.logLines, requestId).includes('The call of Microsoft Graph is retried');
  return leave(lane, callers, {
    untilThere: () => until(() => callers.every(isWaiting)),
    async afterwards() {
      await until(() => clock.pendingTimers === 0);
      await clock.advance(60_000);
    },
  });
}

/** Others have all connections to Graph, and one more waits behind those that leave. */
async function leaveQueue({ lane, clock }: Stage): Promise<Left> {
  const { gateway } = lane;
  const holders = await putFourCallers(lane, 'holder');
  const callers = await putFourCallers(lane, 'queue');
  const [patient] = await putFourCallers(lane, 'patient');
  const holding = await hold(lane, holders);
  const timers = clock.pendingTimers;
  let waiting: Promise<unknown> = Promise.resolve();
  return leave(lane, callers, {
    async untilThere() {
      await untilDeadlinesRun(clock, timers + callers.length);
      waiting = ask(gateway.url, patient as LaneCaller);
      await untilDeadlinesRun(clock, timers + callers.length + 1);
    },
    async afterwards() {
      await holding.release();
      await waiting;
    },
  });
}

/** Each is preceded by another change of the same partner with the same token. */
async function leaveBehindChange({ lane, clock }: Stage): Promise<Left> {
  const [, , update, remove] = await putFourCallers(lane, 'change');
  const callers = [update, remove] as readonly LaneCaller[];
  // Of the other method, so that its request is not taken for the one that must not be made.
  const holders = callers.map(({ intent, ...caller }, index) => ({
    ...caller,
    requestId: `holder-of-${intent.id}`,
    intent: { ...intent, operation: index === 0 ? ('delete' as const) : ('update' as const) },
  }));
  const holding = await hold(lane, holders);
  const timers = clock.pendingTimers;
  return leave(lane, callers, {
    untilThere: () => untilDeadlinesRun(clock, timers + callers.length),
    afterwards: holding.release,
  });
}

/** Has callers ask whom Graph answers only when they are released. */
async function hold({ gateway, proxy }: FaultLane, holders: readonly LaneCaller[]) {
  const fault = held();
  const received = proxy.received.length + holders.length;
  proxy.script(times(holders.length, fault));
  const asking = Promise.all(holders.map((holder) => ask(gateway.url, holder)));
  await proxy.until((record) => record.received.length === received);
  return {
    release() {
      fault.release();
      return asking;
    },
  };
}

/** Waits until so many timers run, and what began with the last of them has come as far as it can. */
async function untilDeadlinesRun(clock: VirtualClock, count: number): Promise<void> {
  await until(() => clock.pendingTimers >= count);
  for (let turn = 0; turn < turnsToSettle; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Plays callers that leave while a token endpoint that hangs is asked for a token for Graph. */
async function leaveForToken(closeLater: CloseLater): Promise<Left> {
  const clock = createVirtualClock(Date.now());
  // Time stands still: no request for a token may be given up before all of them have been made.
  const stage = await whileTimeStands(clock, startIdentityStage('on-behalf-of', {}, { clock }));
  closeLater(() => whileTimeStands(clock, stage.close()));
  const { authority, gateway, graph } = stage;
  // Partners of their own: changes of one partner wait for each other before a token is wanted.
  const callers = fourCallers('token').map((caller, index) => ({
    ...caller,
    intent: { ...caller.intent, id: graph.partners()[index]?.id ?? '' },
    token: authority.mint({ scope: 'Partners.ReadWrite' }),
  }));
  authority.faults.set({ kind: 'hang' }, { endpoint: 'token' });
  const asked = authority.count('token') + callers.length;
  return leave({ graph, gateway, proxy: recordFor(callers, graph) }, callers, {
    untilThere: () => until(() => authority.count('token') === asked),
  });
}

/** Graph sees other tokens than the gateway's callers have, so all that it was asked counts for each of them. */
function recordFor(callers: readonly LaneCaller[], graph: Emulator): SeenStage['proxy'] {
  return {
    get received() {
      return callers.flatMap(({ token }) =>
        graph.requests.map(({ method }) => ({
          method,
          headers: { authorization: `Bearer ${token}` },
        })),
      );
    },
  };
}

/** Plays a caller that leaves before it has got all of an answer that is too long for the system. */
async function leaveOwnAnswer(closeLater: CloseLater): Promise<Left> {
  const lane = await startFaultLane({ environment: {} });
  closeLater(lane.close);
  const { gateway } = lane;
  const callers = await putFourCallers(lane, 'own');
  const [reader] = callers as readonly [LaneCaller, ...LaneCaller[]];
  await lengthenName(lane, reader);
  return leave(lane, [reader], {
    query: longQuery,
    prepare: ({ socket }) => void socket.pause(),
    async untilThere() {
      await until(() =>
        toldOf(gateway.logLines, reader.requestId).includes('Microsoft Graph answered'),
      );
      // What is asked later is answered: so this answer has begun as well.
      await gateway.get('/livez');
    },
  });
}
