import { type LaneCaller, putFourCallers } from '../lane/laneCaller.ts';
import { startFaultLane } from '../lane/startFaultLane.ts';
import { lengthenName, longQuery } from '../process/longAnswer.ts';
import { type CloseLater, type SeenByOperation, until } from '../process/played.ts';
import { toldOf } from '../process/toldOf.ts';
import { leave } from './leave.ts';

/** Plays a caller that leaves before it has got all of an answer that is too long for the system. */
export async function playLeavingOwnAnswer(closeLater: CloseLater): Promise<SeenByOperation> {
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
