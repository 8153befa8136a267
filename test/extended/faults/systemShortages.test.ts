import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { untilExecuted } from '../../faults/lane/inFlight.ts';
import { ask, bytesOf, endingOf, meet, putFourCallers } from '../../faults/lane/laneCaller.ts';
import { startLaneGraph } from '../../faults/lane/startFaultLane.ts';
import { describePlayed } from '../../faults/matrix/processFaults.ts';
import { findFreePort } from '../../support/freePort.ts';
import { type Program, startProgram, statusAt } from '../../support/programs.ts';
import { openConnection, type RawConnection } from '../../support/rawConnection.ts';
import { until } from '../../support/until.ts';

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
describePlayed('system', async (look, closeLater) => {
  const laneGraph = await startLaneGraph();
  closeLater(laneGraph.close);
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
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
  const untilReady = () => until(async () => (await statusAt(`${url}/readyz`)) === 200);
  const put = (name: string) => putFourCallers(laneGraph, name);
  await untilReady();
  await playBlock();
  await playFullLog();
  await playNoFiles();
  program.kill('SIGTERM');
  end = await program.ended;

  async function playBlock() {
    const inFlight = await Promise.all(
      Array.from({ length: crowd }, (_, index) => put(`block-${index}`)),
    );
    const flight = await untilExecuted(laneGraph, url, inFlight.flat());
    const newcomers = await put('newcomer');
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
    await writeFile(blockEnd, '');
    const block = 'event loop blocked for 1.5 s:';
    look(`${block} who came meanwhile, beside 60 in flight`, laneGraph, await meeting);
    flight.release();
    look(`${block} what was in flight`, laneGraph, await flight.met);
  }

  async function playFullLog() {
    const { send, closed } = await openConnection(url);
    const ask200 = 'GET /livez HTTP/1.1\r\nHost: gateway\r\n';
    send(`${ask200}\r\n`.repeat(requestsForLog));
    send(`${ask200}Connection: close\r\n\r\n`);
    await closed;
    const met = await meet(await put('log'), (caller) => ask(url, caller));
    look('log pipe full', laneGraph, met);
  }

  async function playNoFiles() {
    const lack = 'no file descriptors:';
    const [early, unlucky] = [await put('early'), await put('unlucky')];
    const [newcomers, again] = [await put('too-many'), await put('again')];
    // Four connections to Graph that were used just now: old ones would end, and give their files back, at any moment.
    await laneGraph.proxy.dropIdleConnections();
    await meet(await put('warm'), (caller) => ask(url, caller));
    // Connections of those who are there already.
    const [earlyOnes, unluckyOnes] = [await connectAll(url, 4), await connectAll(url, 4)];
    const fillers = await takeAllFiles(url);
    const metNew = await meet(newcomers, (caller) => ask(url, caller));
    look(`${lack} new callers`, laneGraph, metNew);
    const metEarly = await meet(early, (caller) => {
      const connection = earlyOnes[early.indexOf(caller)] as RawConnection;
      return ask(url, caller, Promise.resolve(connection));
    });
    look(`${lack} over connections that are there`, laneGraph, metEarly);
    await laneGraph.proxy.dropIdleConnections();
    fillers.push(...unluckyOnes, ...(await takeAllFiles(url)));
    const metUnlucky = await meet(unlucky, async (caller) => {
      // Kept: the end of one would give another a file to open.
      const { send, received } = unluckyOnes[unlucky.indexOf(caller)] as RawConnection;
      send(bytesOf(caller, { Connection: 'keep-alive' }));
      await until(() => endingOf(received()).status !== undefined);
      return endingOf(received());
    });
    look(`${lack} and no connection to Graph`, laneGraph, metUnlucky);
    for (const { socket } of fillers) {
      socket.destroy();
    }
    await untilReady();
    const metAgain = await meet(again, (caller) => ask(url, caller));
    look(`${lack} once there are some again`, laneGraph, metAgain);
  }
});

/** Connects until the program has no file left for another connection, which it shows by closing one. */
async function takeAllFiles(url: string): Promise<RawConnection[]> {
  const connections = await connectAll(url, openFiles);
  await Promise.race(connections.map(({ closed }) => closed));
  return connections;
}

function connectAll(url: string, count: number): Promise<RawConnection[]> {
  return Promise.all(Array.from({ length: count }, () => openConnection(url)));
}

it('the program without files and with a full log ends in order', () => {
  expect(end).toEqual({ code: 0, signal: null });
});
