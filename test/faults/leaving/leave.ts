import { openConnection, type RawConnection } from '../../support/rawConnection.ts';
import type { TestGateway } from '../../support/testGateways.ts';
import { bytesOf, type LaneCaller } from '../lane/laneCaller.ts';
import { leftAt, type SeenStage } from '../lane/seen.ts';
import { byOperation, lookAt, type SeenByOperation, until } from '../process/played.ts';
import { toldOf } from '../process/toldOf.ts';

interface Stage extends SeenStage {
  readonly gateway: TestGateway;
}

/** Where callers are when they leave, and what happens then. */
export interface Leaving {
  /** Resolves once all of them are where they are to leave. */
  readonly untilThere: () => Promise<unknown>;
  /** Happens once the gateway could notice. */
  readonly afterwards?: () => Promise<unknown>;
  /** In place of the usual one. */
  readonly query?: string;
  /** Happens with each connection before anything is sent. */
  readonly prepare?: (connection: RawConnection) => void;
}

/** Sends what callers want, has them leave together, and looks once the log has told the end of each. */
export async function leave(
  stage: Stage,
  callers: readonly LaneCaller[],
  { untilThere, afterwards, query, prepare }: Leaving,
): Promise<SeenByOperation> {
  const { gateway } = stage;
  const sockets = await Promise.all(
    callers.map(async (caller) => {
      const connection = await openConnection(gateway.url);
      prepare?.(connection);
      connection.send(bytesOf(caller, { ...(query !== undefined && { query }) }));
      return connection.socket;
    }),
  );
  await untilThere();
  const sinceMs = performance.now();
  for (const socket of sockets) {
    // RST: after a FIN alone the caller may wait for its answer.
    socket.resetAndDestroy();
  }
  // A round trip, after which the gateway has noticed.
  await gateway.get('/livez');
  await afterwards?.();
  await until(() => callers.every((caller) => isToldToTheEnd(gateway, caller)));
  const met = callers.map((caller) => ({ caller, ending: leftAt(performance.now()) }));
  const seen = lookAt(stage, met, sinceMs);
  return byOperation((operation) => {
    const caller = callers.find(({ intent }) => intent.operation === operation);
    const told = toldOf(gateway.logLines, caller?.requestId ?? '');
    return seen[operation].map((each) => ({ ...each, told }));
  });
}

/** Whether the line is there that a request ends with. */
export const isToldToTheEnd = (gateway: TestGateway, { requestId }: LaneCaller): boolean =>
  toldOf(gateway.logLines, requestId).some((text) => text.startsWith('Answered'));
