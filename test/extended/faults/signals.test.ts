import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Played, untilExecuted, untilInBackOff } from '../../faults/lane/inFlight.ts';
import { ask, lookAt, meet, putFourCallers } from '../../faults/lane/laneCaller.ts';
import { type LaneGraph, startLaneGraph } from '../../faults/lane/startFaultLane.ts';
import { expectPromised } from '../../faults/matrix/expectPromised.ts';
import { signalFaults } from '../../faults/matrix/processFaults.ts';
import { casesOf } from '../../faults/matrix/promised.ts';
import { type CloseLater, useClosing } from '../../support/closing.ts';
import { findFreePort } from '../../support/freePort.ts';
import type { Program } from '../../support/programs.ts';
import { openConnection } from '../../support/rawConnection.ts';
import { until } from '../../support/until.ts';
import { createReplica, type Replica } from '../operations/replicas.ts';

/** How long a program that gets a SIGTERM waits for balancers: long enough to be asked meanwhile on a busy machine. */
const drainDelayMs = 5_000;
/** How long it then waits for what is in flight. */
const drainTimeoutMs = 300;
/** How long Graph wants to be left alone; longer than the delay, so that the wait goes on behind it. */
const backOffSeconds = 7;

/** What was seen, and how each program ended. */
interface PlayedSignals {
  readonly played: Played<typeof signalFaults>;
  readonly ends: Readonly<
    Record<'killed' | 'drained' | 'late' | 'hurried', Awaited<Program['ended']>>
  >;
}

interface Stage {
  readonly laneGraph: LaneGraph;
  readonly url: string;
  readonly replica: Replica;
}

/** Plays signals on four programs before one Graph; one of them outlives the first, and gets its own signal then. */
async function playSignals(closeLater: CloseLater): Promise<PlayedSignals> {
  const laneGraph = await startLaneGraph();
  closeLater(laneGraph.close);
  const prepare = async (environment: Record<string, string>): Promise<Stage> => {
    const port = await findFreePort();
    const replica = createReplica(port, {
      GRAPH_BASE_URL: laneGraph.proxy.url.href,
      ...environment,
    });
    return { laneGraph, url: `http://127.0.0.1:${port}`, replica };
  };
  const delayed = { DRAIN_DELAY_MS: String(drainDelayMs) };
  const atOnce = { DRAIN_DELAY_MS: '0', DRAIN_TIMEOUT_MS: String(drainTimeoutMs) };
  const killed = await prepare(delayed);
  const drained = await prepare(delayed);
  const late = await prepare(atOnce);
  const hurried = await prepare(delayed);
  const stages = [killed, drained, late, hurried];
  closeLater(() => Promise.all(stages.map(({ replica }) => end(replica))));
  await Promise.all(stages.map(({ replica }) => replica.start()));
  const kill = await playKill(killed, drained);
  const [drain, lateDrain, second] = await Promise.all([
    playDrain(drained),
    playLateDrain(late),
    playSecondSignal(hurried),
  ]);
  return {
    played: { ...kill, ...drain, ...lateDrain, ...second },
    ends: {
      killed: await killed.replica.program.ended,
      drained: await drained.replica.program.ended,
      late: await late.replica.program.ended,
      hurried: await hurried.replica.program.ended,
    },
  };
}

async function end({ program }: Replica): Promise<void> {
  program.kill('SIGKILL');
  await program.ended;
}

async function playKill({ laneGraph, url, replica }: Stage, other: Stage) {
  const flight = await untilExecuted(laneGraph, url, await putFourCallers(laneGraph, 'killed'));
  replica.program.kill('SIGKILL');
  const inHand = lookAt(laneGraph, await flight.met);
  const callers = await putFourCallers(laneGraph, 'survivor');
  const met = await meet(callers, (caller) => ask(other.url, caller));
  return {
    'SIGKILL of one replica: what it had in hand': inHand,
    'SIGKILL of one replica: what the other is asked': lookAt(laneGraph, met),
  };
}

async function playDrain({ laneGraph, url, replica: { program } }: Stage) {
  const early = await putFourCallers(laneGraph, 'early');
  const tardy = await putFourCallers(laneGraph, 'tardy');
  const flight = await untilExecuted(laneGraph, url, await putFourCallers(laneGraph, 'drained'));
  const backOff = await untilInBackOff(
    laneGraph,
    { url, program },
    { name: 'drained-later', seconds: backOffSeconds },
  );
  program.kill('SIGTERM');
  await program.until(/"message":"Draining"/);
  const metEarly = await meet(early, (caller) => ask(url, caller));
  await until(() => isRefused(url));
  const metTardy = await meet(tardy, (caller) => ask(url, caller));
  flight.release();
  return {
    'SIGTERM while Graph is asked': lookAt(laneGraph, await flight.met),
    'SIGTERM in back-off': lookAt(laneGraph, await backOff.met),
    'SIGTERM before the request, while balancers may not know': lookAt(laneGraph, metEarly),
    'SIGTERM before the request, after that': lookAt(laneGraph, metTardy),
  };
}

async function playLateDrain({ laneGraph, url, replica: { program } }: Stage) {
  const flight = await untilExecuted(laneGraph, url, await putFourCallers(laneGraph, 'late'));
  const backOff = await untilInBackOff(
    laneGraph,
    { url, program },
    { name: 'late-later', seconds: 10 },
  );
  program.kill('SIGTERM');
  return {
    'SIGTERM and a drain that takes too long, while Graph is asked': lookAt(
      laneGraph,
      await flight.met,
    ),
    'SIGTERM and a drain that takes too long, in back-off': lookAt(laneGraph, await backOff.met),
  };
}

async function playSecondSignal({ laneGraph, url, replica: { program } }: Stage) {
  const flight = await untilExecuted(laneGraph, url, await putFourCallers(laneGraph, 'hurried'));
  const backOff = await untilInBackOff(
    laneGraph,
    { url, program },
    { name: 'hurried-later', seconds: 10 },
  );
  program.kill('SIGTERM');
  await program.until(/"message":"Draining"/);
  program.kill('SIGTERM');
  return {
    'second SIGTERM while Graph is asked': lookAt(laneGraph, await flight.met),
    'second SIGTERM in back-off': lookAt(laneGraph, await backOff.met),
  };
}

async function isRefused(url: string): Promise<boolean> {
  const connection = await openConnection(url).catch(() => undefined);
  connection?.socket.destroy();
  return connection === undefined;
}

describe('a signal', () => {
  const closeLater = useClosing(afterAll);
  let signals: PlayedSignals;
  beforeAll(async () => {
    signals = await playSignals(closeLater);
  });

  it.each(casesOf(signalFaults))('$number $name: $operation', (one) => {
    expectPromised(signals.played[one.name][one.operation], one);
  });

  it('ends the program in order, or at once', () => {
    expect(signals.ends).toEqual({
      killed: { code: null, signal: 'SIGKILL' },
      drained: { code: 0, signal: null },
      late: { code: 0, signal: null },
      hurried: { code: 1, signal: null },
    });
  });
});
