import { drip, openConnection } from '../../support/rawConnection.ts';
import { bytesOf, endingOf, type LaneCaller, putFourCallers } from '../lane/laneCaller.ts';
import { type FaultLane, startFaultLane } from '../lane/startFaultLane.ts';
import { type slowCallerFaults, slowCallerTimes } from '../matrix/callerFaults.ts';
import { lengthenName, longAnswerBytes, longQuery } from './longAnswer.ts';
import {
  type CloseLater,
  lookAt,
  meet,
  type Played,
  type SeenByOperation,
  until,
} from './played.ts';
import { toldOf } from './toldOf.ts';

/** Plays callers that take their time, to ask and to read. */
export async function playSlowCallers(
  closeLater: CloseLater,
): Promise<Played<typeof slowCallerFaults>> {
  const { headersMs, requestMs, responseIdleMs } = slowCallerTimes;
  const lane = await startFaultLane({
    environment: {
      HEADERS_TIMEOUT_MS: String(headersMs),
      REQUEST_TIMEOUT_MS: String(requestMs),
      RESPONSE_IDLE_TIMEOUT_MS: String(responseIdleMs),
    },
  });
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
  const sinceMs = performance.now();
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
  return lookAt(lane, met, sinceMs);
}

/** A read's own answer is too long for the system; behind that of a write somebody else's follows. */
async function playUnread(lane: FaultLane): Promise<SeenByOperation> {
  const callers = await putFourCallers(lane, 'unread');
  const [reader, ...writers] = callers as readonly [LaneCaller, ...LaneCaller[]];
  await lengthenName(lane, reader);
  const sinceMs = performance.now();
  const met = await meet(callers, async (caller) => {
    const { socket, send, closed } = await openConnection(lane.gateway.url);
    socket.pause();
    if (writers.includes(caller)) {
      send(bytesOf(caller, { Connection: 'keep-alive' }));
    }
    send(bytesOf({ ...caller, intent: reader.intent }, { query: longQuery }));
    await until(() => isToldAsCut(lane, caller));
    const ending = endingOf('');
    // Whoever reads after all finds no more than what the system held.
    socket.resume();
    const isWhole = (await closed).length > longAnswerBytes;
    return isWhole ? { ...ending, code: 'not cut' } : ending;
  });
  return lookAt(lane, met, sinceMs);
}

const isToldAsCut = ({ gateway }: FaultLane, { requestId }: LaneCaller): boolean =>
  toldOf(gateway.logLines, requestId).includes('A connection was cut');
