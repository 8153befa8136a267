import { lengthenName, longAnswerBytes, longQuery, toldOf } from '../../faults/lane/inFlight.ts';
import { bytesOf, endingOf, meet, putFourCallers } from '../../faults/lane/laneCaller.ts';
import { startFaultLane } from '../../faults/lane/startFaultLane.ts';
import { describePlayed } from '../../faults/matrix/processFaults.ts';
import { drip, openConnection } from '../../support/rawConnection.ts';
import { until } from '../../support/until.ts';

/** Shorter than an operator would have them, and long enough to be asked in time on a busy machine. */
const environment = {
  HEADERS_TIMEOUT_MS: '2000',
  REQUEST_TIMEOUT_MS: '3000',
  RESPONSE_IDLE_TIMEOUT_MS: '2000',
};

describePlayed('slow', async (look, closeLater) => {
  const lane = await startFaultLane({ environment });
  closeLater(lane.close);
  const { gateway } = lane;

  /** The first bytes are sent at once, the others one by one. */
  async function playDrips(name: string, lengthOfFirst: (bytes: string) => number) {
    const met = await meet(await putFourCallers(lane, name), async (caller) => {
      const connection = await openConnection(gateway.url);
      const bytes = bytesOf(caller);
      const length = lengthOfFirst(bytes);
      connection.send(bytes.slice(0, length));
      const stop = drip(connection, bytes.slice(length));
      const ending = endingOf(await connection.closed);
      stop();
      return ending;
    });
    look(`the caller drips its ${name}`, lane, met);
  }

  /** A read's own answer is too long for the system; behind that of a write another caller's follows. */
  async function playUnread() {
    const callers = await putFourCallers(lane, 'unread');
    const [reader] = callers;
    await lengthenName(lane, reader);
    const met = await meet(callers, async (caller) => {
      const { socket, send, closed } = await openConnection(gateway.url);
      const isCut = () =>
        toldOf(gateway.logLines, caller.requestId).includes('A connection was cut');
      socket.pause();
      if (caller !== reader) {
        send(bytesOf(caller, { Connection: 'keep-alive' }));
      }
      const { operation, id } = reader;
      send(bytesOf({ ...caller, operation, id }, { query: longQuery }));
      await until(isCut);
      // A caller that reads after all finds no more than the system's buffer held.
      socket.resume();
      const isWhole = (await closed).length > longAnswerBytes;
      return { code: isWhole ? 'not cut' : 'cut', result: {} };
    });
    look('the caller does not read its answers', lane, met);
  }

  await Promise.all([
    playDrips('headers', () => 0),
    playDrips('body', (bytes) => bytes.indexOf('\r\n\r\n') + 4),
    playUnread(),
  ]);
});
