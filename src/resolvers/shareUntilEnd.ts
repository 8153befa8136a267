import { endedErrorOf } from '../graph/errors.ts';
import type { EndReason } from '../graph/request.ts';
import { GatewayError } from '../partners/errors.ts';
import type { LoopShare } from '../shared/loopShare.ts';
import { toGatewayError } from './toGatewayError.ts';

/** Gives an operation its share of the event loop until the operation ends; who waits then gets the reason as an error. */
export function shareUntilEnd(share: LoopShare, signal: AbortSignal): LoopShare {
  return {
    isUsedUp: share.isUsedUp,
    async nextTurn() {
      await share.nextTurn();
      if (!signal.aborted) {
        return;
      }
      if (signal.reason === ('deadline' satisfies EndReason)) {
        const message = "The operation's time ended while the gateway worked on its rows.";
        throw new GatewayError('UPSTREAM_TIMEOUT', `${message} Ask for less at once.`);
      }
      throw toGatewayError(endedErrorOf(signal));
    },
  };
}
