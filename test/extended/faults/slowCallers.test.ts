import {
  lengthenName,
  longAnswerBytes,
  longQuery,
  type Played,
  toldOf,
} from '../../faults/lane/inFlight.ts';
import {
  bytesOf,
  endingOf,
  type LaneCaller,
  lookAt,
  meet,
  putFourCallers,
  type SeenByOperation,
} from '../../faults/lane/laneCaller.ts';
import { type FaultLane, startFaultLane } from '../../faults/lane/startFaultLane.ts';
import { describePlayed, slowCallerFaults } from '../../faults/matrix/processFaults.ts';
import type { CloseLater } from '../../support/closing.ts';
import { drip, openConnection } from '../../support/rawConnection.ts';
import { until } from '../../support/until.ts';

/** Shorter than an operator would have them, and long enough to be asked in time on a busy machine. */
const times = {
  HEADERS_TIMEOUT_MS: '2000',
  REQUEST_TIMEOUT_MS: '3000',
  RESPONSE_IDLE_TIMEOUT_MS: '2000',
};

/** Plays callers that take their time, to ask and to read. */
async function playSlowCallers(closeLater: CloseLater): Promise<Played<typeof slowCallerFaults>> {
  const lane = await startFaultLane({ environment: times });
  closeLater(lane.close);
  const [headers, body, unread] = await Promise.all([
    playDrips(lane, 'headers', () => 0),
    playDrips(lane, 'body', (bytes) => bytes.indexOf('\r\n\r\n') + 4),
    playUnread(lane),
  ]);
  return {
    'the caller drips its headers': headers,
    'the caller drips its body': body,
    'the caller does not read its answers': unread,
  };
}

/** The first bytes are sent at once, the others one by one. */
async function playDrips(
  lane: FaultLane,
  name: string,
  lengthOfFirst: (bytes: string) => number,
): Promise<SeenByOperation> {
  const callers = await putFourCallers(lane, name);
  const met = await meet(callers, async (caller) => {
    const connection = await openConnection(lane.gateway.url);
    const bytes = bytesOf(caller);
    const length = lengthOfFirst(bytes);
    connection.send(bytes.slice(0, length));
    const stop = drip(connection, bytes.slice(length));
    const ending = endingOf(await connection.closed);
    stop();
    return ending;
  });
  return lookAt(lane, met);
}

/** A read's own answer is too long for the system; behind that of a write another caller's follows. */
async function playUnread(lane: FaultLane): Promise<SeenByOperation> {
  const callers = await putFourCallers(lane, 'unread');
  const [reader, ...writers] = callers as readonly [LaneCaller, ...LaneCaller[]];
  await lengthenName(lane, reader);
  const met = await meet(callers, async (caller) => {
    const { socket, send, closed } = await openConnection(lane.gateway.url);
    socket.pause();
    if (writers.includes(caller)) {
      send(bytesOf(caller, { Connection: 'keep-alive' }));
    }
    send(bytesOf({ ...caller, intent: reader.intent }, { query: longQuery }));
    await until(() => isToldAsCut(lane, caller));
    const ending = endingOf('');
    // A caller that reads after all finds no more than the system's buffer held.
    socket.resume();
    const isWhole = (await closed).length > longAnswerBytes;
    return isWhole ? { ...ending, code: 'not cut' } : ending;
  });
  return lookAt(lane, met);
}

const isToldAsCut = ({ gateway }: FaultLane, { requestId }: LaneCaller): boolean =>
  toldOf(gateway.logLines, requestId).includes('A connection was cut');

describePlayed('a caller that is slow', slowCallerFaults, playSlowCallers);
