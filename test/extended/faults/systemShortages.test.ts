import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { type Played, untilExecuted } from '../../faults/lane/inFlight.ts';
import {
  ask,
  askOver,
  bytesOf,
  endingOf,
  lookAt,
  meet,
  putFourCallers,
} from '../../faults/lane/laneCaller.ts';
import { type LaneGraph, startLaneGraph } from '../../faults/lane/startFaultLane.ts';
import { describePlayed, systemShortages } from '../../faults/matrix/processFaults.ts';
import type { CloseLater } from '../../support/closing.ts';
import { findFreePort } from '../../support/freePort.ts';
import { type Program, startProgram, statusAt } from '../../support/programs.ts';
import { openConnection, type RawConnection } from '../../support/rawConnection.ts';
import { until } from '../../support/until.ts';

interface Stage {
  readonly laneGraph: LaneGraph;
  readonly url: string;
  readonly program: Program;
}

const fixture = fileURLToPath(new URL('../operations/faultOnSignal.mjs', import.meta.url));
/** More than the program needs to start. */
const openFiles = 256;
/** Each makes a log line of 180 bytes; together they are more than a pipe and both of its ends hold. */
const requestsForLog = 2_500;
/** Of the four operations each; so many that what is let in behind a block is less by far. */
const crowd = 15;

/** How the program ended when it was told to in the end. */
let end: Awaited<Program['ended']>;

/** Plays them, all with one program. */
async function playSystemShortages(
  closeLater: CloseLater,
): Promise<Played<typeof systemShortages>> {
  const laneGraph = await startLaneGraph();
  closeLater(laneGraph.close);
  const port = await findFreePort();
  const directory = await mkdtemp(join(tmpdir(), 'shortages-'));
  closeLater(() => rm(directory, { recursive: true }));
  const blockEnd = join(directory, 'end-of-block');
  const program = startProgram(
    {
      PORT: String(port),
      GRAPH_BASE_URL: laneGraph.proxy.url.href,
      NODE_OPTIONS: `--import=${fixture}`,
      FAULT: 'block',
      BLOCK_UNTIL: blockEnd,
      DRAIN_DELAY_MS: '0',
      // Far from what a busy machine does to the event loop by itself.
      SHED_EVENT_LOOP_DELAY_MS: '1000',
    },
    { openFiles, output: 'unread' },
  );
  closeLater(program.end);
  const stage = { laneGraph, url: `http://127.0.0.1:${port}`, program };
  await until(() => isReady(stage.url));
  const played = {
    ...(await playBlock(stage, () => writeFile(blockEnd, ''))),
    ...(await playFullLog(stage)),
    ...(await playNoFiles(stage)),
  };
  program.kill('SIGTERM');
  end = await program.ended;
  return played;
}

const isReady = async (url: string): Promise<boolean> => (await statusAt(`${url}/readyz`)) === 200;

async function playBlock({ laneGraph, url, program }: Stage, endBlock: () => Promise<void>) {
  const inFlight = await Promise.all(
    Array.from({ length: crowd }, (_, index) => putFourCallers(laneGraph, `block-${index}`)),
  );
  const flight = await untilExecuted(laneGraph, url, inFlight.flat());
  const newcomers = await putFourCallers(laneGraph, 'newcomer');
  program.kill('SIGUSR2');
  await program.until(/^Blocked$/m);
  let sent = 0;
  const meeting = meet(newcomers, async (caller) => {
    const connection = await openConnection(url);
    connection.socket.write(bytesOf(caller), () => {
      sent += 1;
    });
    return endingOf(await connection.closed);
  });
  // The system has taken all of them, although the program has not.
  await until(() => sent === newcomers.length);
  await endBlock();
  const met = await meeting;
  flight.release();
  return {
    'event loop blocked for 1.5 s: what was in flight': lookAt(laneGraph, await flight.met),
    'event loop blocked for 1.5 s: who came meanwhile, beside 60 in flight': lookAt(laneGraph, met),
  };
}

async function playFullLog({ laneGraph, url }: Stage) {
  const { send, closed } = await openConnection(url);
  const ask200 = 'GET /livez HTTP/1.1\r\nHost: gateway\r\n';
  send(`${ask200}\r\n`.repeat(requestsForLog));
  send(`${ask200}Connection: close\r\n\r\n`);
  await closed;
  const callers = await putFourCallers(laneGraph, 'log');
  const met = await meet(callers, (caller) => ask(url, caller));
  return { 'log pipe full': lookAt(laneGraph, met) };
}

async function playNoFiles({ laneGraph, url }: Stage) {
  const early = await putFourCallers(laneGraph, 'early');
  const unlucky = await putFourCallers(laneGraph, 'unlucky');
  const newcomers = await putFourCallers(laneGraph, 'too-many');
  const again = await putFourCallers(laneGraph, 'again');
  // Four connections to Graph that were used just now: old ones would end, and give their files back, at any moment.
  await laneGraph.proxy.dropIdleConnections();
  await meet(await putFourCallers(laneGraph, 'warm'), (caller) => ask(url, caller));
  // Connections of those who are there already.
  const [earlyOnes, unluckyOnes] = [await connectAll(url, 4), await connectAll(url, 4)];
  const fillers = [...(await takeAllFiles(url))];
  const metNew = await meet(newcomers, (caller) => ask(url, caller));
  const overEarly = [...earlyOnes];
  const metEarly = await meet(early, (caller) =>
    askOver(overEarly.shift() as RawConnection, caller),
  );
  await laneGraph.proxy.dropIdleConnections();
  fillers.push(...(await takeAllFiles(url)));
  const overUnlucky = [...unluckyOnes];
  const metUnlucky = await meet(unlucky, async (caller) => {
    // Kept: the end of one would give another a file to open.
    const connection = overUnlucky.shift() as RawConnection;
    connection.send(bytesOf(caller, { Connection: 'keep-alive' }));
    await until(() => endingOf(connection.received()).status !== undefined);
    return endingOf(connection.received());
  });
  for (const { socket } of [...unluckyOnes, ...fillers]) {
    socket.destroy();
  }
  await until(() => isReady(url));
  const metAgain = await meet(again, (caller) => ask(url, caller));
  return {
    'no file descriptors: over connections that are there': lookAt(laneGraph, metEarly),
    'no file descriptors: and no connection to Graph': lookAt(laneGraph, metUnlucky),
    'no file descriptors: new callers': lookAt(laneGraph, metNew),
    'no file descriptors: once there are some again': lookAt(laneGraph, metAgain),
  };
}

/** Connects until the program has no file left for another connection, which it shows by closing one. */
async function takeAllFiles(url: string): Promise<readonly RawConnection[]> {
  const connections = await connectAll(url, openFiles);
  await Promise.race(connections.map(({ closed }) => closed));
  return connections;
}

function connectAll(url: string, count: number): Promise<RawConnection[]> {
  return Promise.all(Array.from({ length: count }, () => openConnection(url)));
}

describePlayed('what the system does not give', systemShortages, playSystemShortages, () => {
  it('does not keep the program from ending in order, with its log still full', () => {
    expect(end).toEqual({ code: 0, signal: null });
  });
});
