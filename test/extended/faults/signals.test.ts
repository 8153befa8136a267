import { expect, it } from '@jest/globals';
import { type Played, untilExecuted, untilInBackOff } from '../../faults/lane/inFlight.ts';
import { ask, lookAt, meet, putFourCallers } from '../../faults/lane/laneCaller.ts';
import { type LaneGraph, startLaneGraph } from '../../faults/lane/startFaultLane.ts';
import { describePlayed, signalFaults } from '../../faults/matrix/processFaults.ts';
import type { CloseLater } from '../../support/closing.ts';
import { findFreePort } from '../../support/freePort.ts';
import { type Program, startProgram } from '../../support/programs.ts';
import { openConnection } from '../../support/rawConnection.ts';
import { until } from '../../support/until.ts';

/** How long a program that gets a SIGTERM waits for balancers: long enough to be asked meanwhile on a busy machine. */
const drainDelayMs = 5_000;
/** How long it then waits for what is in flight. */
const drainTimeoutMs = 300;
/** How long Graph wants to be left alone; longer than the delay, so that the wait goes on behind it. */
const backOffSeconds = 7;

interface Stage {
  readonly laneGraph: LaneGraph;
  readonly url: string;
  readonly program: Program;
}

/** How each program ended. */
const ends: Record<string, Awaited<Program['ended']>> = {};

/** Plays signals on four programs before one Graph; one of them outlives the first, and gets its own signal then. */
async function playSignals(closeLater: CloseLater): Promise<Played<typeof signalFaults>> {
  const laneGraph = await startLaneGraph();
  closeLater(laneGraph.close);
  const start = async (environment: Record<string, string>): Promise<Stage> => {
    const port = await findFreePort();
    const graph = { GRAPH_BASE_URL: laneGraph.proxy.url.href };
    const program = startProgram({ PORT: String(port), ...graph, ...environment });
    closeLater(program.end);
    return { laneGraph, program, url: await program.url() };
  };
  const delayed = { DRAIN_DELAY_MS: String(drainDelayMs) };
  const atOnce = { DRAIN_DELAY_MS: '0', DRAIN_TIMEOUT_MS: String(drainTimeoutMs) };
  const [killed, drained, late, hurried] = await Promise.all([
    start(delayed),
    start(delayed),
    start(atOnce),
    start(delayed),
  ]);
  const kill = await playKill(killed, drained);
  const [drain, lateDrain, second] = await Promise.all([
    playDrain(drained),
    playLateDrain(late),
    playSecondSignal(hurried),
  ]);
  for (const [name, { program }] of Object.entries({ killed, drained, late, hurried })) {
    ends[name] = await program.ended;
  }
  return { ...kill, ...drain, ...lateDrain, ...second };
}

async function playKill({ laneGraph, url, program }: Stage, other: Stage) {
  const flight = await untilExecuted(laneGraph, url, await putFourCallers(laneGraph, 'killed'));
  program.kill('SIGKILL');
  const inHand = lookAt(laneGraph, await flight.met);
  const callers = await putFourCallers(laneGraph, 'survivor');
  const met = await meet(callers, (caller) => ask(other.url, caller));
  return {
    'SIGKILL of one replica: what it had in hand': inHand,
    'SIGKILL of one replica: what the other is asked': lookAt(laneGraph, met),
  };
}

async function playDrain({ laneGraph, url, program }: Stage) {
  const early = await putFourCallers(laneGraph, 'early');
  const tardy = await putFourCallers(laneGraph, 'tardy');
  const flight = await untilExecuted(laneGraph, url, await putFourCallers(laneGraph, 'drained'));
  const backOff = await untilInBackOff(
    laneGraph,
    { url, program },
    'drained-later',
    backOffSeconds,
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

async function playLateDrain({ laneGraph, url, program }: Stage) {
  const flight = await untilExecuted(laneGraph, url, await putFourCallers(laneGraph, 'late'));
  const backOff = await untilInBackOff(laneGraph, { url, program }, 'late-later', 10);
  program.kill('SIGTERM');
  return {
    'SIGTERM and a drain that takes too long, while Graph is asked': lookAt(
      laneGraph,
      await flight.met,
    ),
    'SIGTERM and a drain that takes too long, in back-off': lookAt(laneGraph, await backOff.met),
  };
}

async function playSecondSignal({ laneGraph, url, program }: Stage) {
  const flight = await untilExecuted(laneGraph, url, await putFourCallers(laneGraph, 'hurried'));
  const backOff = await untilInBackOff(laneGraph, { url, program }, 'hurried-later', 10);
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

describePlayed('a signal', signalFaults, playSignals, () => {
  it('ends the program in order, or at once', () => {
    expect(ends).toEqual({
      killed: { code: null, signal: 'SIGKILL' },
      drained: { code: 0, signal: null },
      late: { code: 0, signal: null },
      hurried: { code: 1, signal: null },
    });
  });
});
