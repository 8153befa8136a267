import { expect, it } from '@jest/globals';
import { onlyForThem, untilExecuted } from '../../faults/lane/inFlight.ts';
import { ask, meet, putFourCallers } from '../../faults/lane/laneCaller.ts';
import { type LaneGraph, startLaneGraph } from '../../faults/lane/startFaultLane.ts';
import { describePlayed } from '../../faults/matrix/processFaults.ts';
import { times } from '../../support/faultProxy/fault.ts';
import { status } from '../../support/faultProxy/faults.ts';
import { findFreePort } from '../../support/freePort.ts';
import { type Program, startProgram } from '../../support/programs.ts';
import { openConnection } from '../../support/rawConnection.ts';
import { until } from '../../support/until.ts';

/** Long enough for balancers to be asked meanwhile on a busy machine. */
const delayed = { DRAIN_DELAY_MS: '5000' };
const atOnce = { DRAIN_DELAY_MS: '0', DRAIN_TIMEOUT_MS: '300' };
/** How long Graph wants to be left alone; longer than the delay, so that the wait goes on behind it. */
const backOffSeconds = '7';

/** How each program ended. */
const ends: Record<string, Awaited<Program['ended']>> = {};

/** Plays signals on four programs before one Graph; one of them outlives the first, and gets its own signal then. */
describePlayed('signals', async (look, closeLater) => {
  const laneGraph = await startLaneGraph();
  closeLater(laneGraph.close);
  const start = async (environment: Record<string, string>) => {
    const graph = { GRAPH_BASE_URL: laneGraph.proxy.url.href, PORT: String(await findFreePort()) };
    const program = startProgram({ ...graph, ...environment });
    closeLater(program.end);
    const url = await program.url();
    const askAll = async (name: string) =>
      meet(await putFourCallers(laneGraph, name), (caller) => ask(url, caller));
    return { program, url, askAll };
  };
  const [killed, drained, late, hurried] = await Promise.all([
    start(delayed),
    start(delayed),
    start(atOnce),
    start(delayed),
  ] as const);

  const inHand = await untilExecuted(
    laneGraph,
    killed.url,
    await putFourCallers(laneGraph, 'killed'),
  );
  killed.program.kill('SIGKILL');
  look('SIGKILL of one replica: what it had in hand', laneGraph, await inHand.met);
  const survived = await drained.askAll('survivor');
  look('SIGKILL of one replica: what the other is asked', laneGraph, survived);

  async function playDrain() {
    const { program, url, askAll } = drained;
    const flight = await untilBusy(laneGraph, drained, 'drained');
    program.kill('SIGTERM');
    await program.until(/"message":"Draining"/);
    const early = await askAll('early');
    look('SIGTERM before the request, while balancers may not know', laneGraph, early);
    await until(() => isRefused(url));
    look('SIGTERM before the request, after that', laneGraph, await askAll('tardy'));
    flight.release();
    look('SIGTERM while Graph is asked', laneGraph, await flight.met);
    look('SIGTERM in back-off', laneGraph, await flight.inBackOff);
  }

  async function playEnd(name: string, replica: typeof late, signals: 1 | 2) {
    const flight = await untilBusy(laneGraph, replica, name);
    replica.program.kill('SIGTERM');
    if (signals === 2) {
      await replica.program.until(/"message":"Draining"/);
      replica.program.kill('SIGTERM');
    }
    const what = signals === 2 ? 'second SIGTERM' : 'SIGTERM and a drain that takes too long,';
    look(`${what} while Graph is asked`, laneGraph, await flight.met);
    look(`${what} in back-off`, laneGraph, await flight.inBackOff);
  }

  await Promise.all([playDrain(), playEnd('late', late, 1), playEnd('hurried', hurried, 2)]);
  for (const [name, { program }] of Object.entries({ killed, drained, late, hurried })) {
    ends[name] = await program.ended;
  }
});

/** Has four callers wait for Graph's answer, and four more for as long as Graph wants to be left alone. */
async function untilBusy(
  laneGraph: LaneGraph,
  { program, url }: { readonly program: Program; readonly url: string },
  name: string,
) {
  const flight = await untilExecuted(laneGraph, url, await putFourCallers(laneGraph, name));
  const callers = await putFourCallers(laneGraph, `${name}-later`);
  const tooMany = times(callers.length, status(429, backOffSeconds));
  laneGraph.proxy.script(onlyForThem(callers, tooMany));
  const inBackOff = meet(callers, (caller) => ask(url, caller));
  for (const { requestId } of callers) {
    await program.until(new RegExp(`"${requestId}".*"The call of Microsoft Graph is retried"`));
  }
  return { ...flight, inBackOff };
}

async function isRefused(url: string): Promise<boolean> {
  const connection = await openConnection(url).catch(() => undefined);
  connection?.socket.destroy();
  return connection === undefined;
}

it('a signal ends the program in order, or at once', () => {
  expect(ends).toEqual({
    killed: { code: null, signal: 'SIGKILL' },
    drained: { code: 0, signal: null },
    late: { code: 0, signal: null },
    hurried: { code: 1, signal: null },
  });
});
