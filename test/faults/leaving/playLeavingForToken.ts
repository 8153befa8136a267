import type { Emulator } from '../../../src/emulator/startEmulator.ts';
import { startIdentityStage } from '../../support/identityStage.ts';
import { fourCallers, type LaneCaller } from '../lane/laneCaller.ts';
import type { SeenStage } from '../lane/seen.ts';
import { type CloseLater, type SeenByOperation, until } from '../process/played.ts';
import { leave } from './leave.ts';

/** Plays callers that leave while a token endpoint that hangs is asked for a token for Graph. */
export async function playLeavingForToken(closeLater: CloseLater): Promise<SeenByOperation> {
  const stage = await startIdentityStage('on-behalf-of');
  closeLater(stage.close);
  const { authority, gateway, graph } = stage;
  const callers = fourCallers('token').map((caller) => ({
    ...caller,
    intent: { ...caller.intent, id: graph.partners()[0]?.id ?? '' },
    token: authority.mint({ scope: 'Partners.ReadWrite' }),
  }));
  authority.faults.set({ kind: 'hang' }, { endpoint: 'token' });
  const asked = authority.count('token') + callers.length;
  return leave({ graph, gateway, proxy: recordFor(callers, graph) }, callers, {
    untilThere: () => until(() => authority.count('token') === asked),
  });
}

/** Graph sees other tokens than the gateway's callers have, so all that it was asked counts for each of them. */
function recordFor(callers: readonly LaneCaller[], graph: Emulator): SeenStage['proxy'] {
  return {
    get received() {
      return callers.flatMap(({ token }) =>
        graph.requests.map(({ method }) => ({
          method,
          headers: { authorization: `Bearer ${token}` },
        })),
      );
    },
  };
}
