import { createReplica, type Replica } from '../../extended/operations/replicas.ts';
import { findFreePort } from '../../support/freePort.ts';
import type { Program } from '../../support/programs.ts';
import { openConnection } from '../../support/rawConnection.ts';
import { ask, putFourCallers } from '../lane/laneCaller.ts';
import { type LaneGraph, startLaneGraph } from '../lane/startLaneGraph.ts';
import { backOffSeconds, drainTimes, type signalFaults } from '../matrix/processFaults.ts';
import { untilExecuted, untilInBackOff } from './inFlight.ts';
import { type CloseLater, lookAt, meet, type Played, until } from './played.ts';

/** What was seen, and how each program ended. */
export interface PlayedSignals {
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
export async function playSignals(closeLater: CloseLater): Promise<PlayedSignals> {
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
  const delayed = { DRAIN_DELAY_MS: String(drainTimes.delayMs) };
  const atOnce = { DRAIN_DELAY_MS: '0', DRAIN_TIMEOUT_MS: String(drainTimes.timeoutMs) };
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
  const sinceMs = performance.now();
  replica.program.kill('SIGKILL');
  const inHand = lookAt(laneGraph, await flight.met, sinceMs);
  const callers = await putFourCallers(laneGraph, 'survivor');
  const askedMs = performance.now();
  const met = await meet(callers, (caller) => ask(other.url, caller));
  return {
    'SIGKILL of one replica: what it had in hand': inHand,
    'SIGKILL of one replica: what the other is asked': lookAt(laneGraph, met, askedMs),
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
  const sinceMs = performance.now();
  program.kill('SIGTERM');
  await program.until(/"message":"Draining"/);
  const earlyMs = performance.now();
  const metEarly = await meet(early, (caller) => ask(url, caller));
  await until(() => isRefused(url));
  const tardyMs = performance.now();
  const metTardy = await meet(tardy, (caller) => ask(url, caller));
  const releasedMs = performance.now();
  flight.release();
  return {
    'SIGTERM while Graph is asked': lookAt(laneGraph, await flight.met, releasedMs),
    'SIGTERM in back-off': lookAt(laneGraph, await backOff.met, sinceMs),
    'SIGTERM before the request, while balancers may not know': lookAt(
      laneGraph,
      metEarly,
      earlyMs,
    ),
    'SIGTERM before the request, after that': lookAt(laneGraph, metTardy, tardyMs),
  };
}

async function playLateDrain({ laneGraph, url, replica: { program } }: Stage) {
  const flight = await untilExecuted(laneGraph, url, await putFourCallers(laneGraph, 'late'));
  const backOff = await untilInBackOff(
    laneGraph,
    { url, program },
    { name: 'late-later', seconds: 10 },
  );
  const sinceMs = performance.now();
  program.kill('SIGTERM');
  return {
    'SIGTERM and a drain that takes too long, while Graph is asked': lookAt(
      laneGraph,
      await flight.met,
      sinceMs,
    ),
    'SIGTERM and a drain that takes too long, in back-off': lookAt(
      laneGraph,
      await backOff.met,
      sinceMs,
    ),
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
  const sinceMs = performance.now();
  program.kill('SIGTERM');
  return {
    'second SIGTERM while Graph is asked': lookAt(laneGraph, await flight.met, sinceMs),
    'second SIGTERM in back-off': lookAt(laneGraph, await backOff.met, sinceMs),
  };
}

async function isRefused(url: string): Promise<boolean> {
  const connection = await openConnection(url).catch(() => undefined);
  connection?.socket.destroy();
  return connection === undefined;
}
