import { createHash } from 'node:crypto';
import type { GraphCall } from '../graph/pipeline/pipeline.ts';
import { untilEnded } from '../graph/untilEnded.ts';

/** Keeps changes to one partner by one caller apart: each begins when the one before it has ended. */
export interface PartnerLocks {
  /** Runs a change when its turn comes. @throws GraphDeadlineError where its time is up before. */
  run<Result>(id: string, call: GraphCall, change: () => Promise<Result>): Promise<Result>;
}

/** Makes the locks of this replica. A lock is gone when the last change behind it has ended. */
export function createPartnerLocks(): PartnerLocks {
  const tails = new Map<string, Promise<unknown>>();
  return {
    async run(id, call, change) {
      const key = keyOf(id, call);
      const turn = tails.get(key) ?? Promise.resolve();
      let end = (): void => undefined;
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      // Whoever gives up does not let the next one in before those in front of it have ended.
      const tail = turn.then(() => ended);
      tails.set(key, tail);
      try {
        await untilEnded(call.signal, turn);
        return await change();
      } finally {
        end();
        if (tails.get(key) === tail) {
          tails.delete(key);
        }
      }
    },
  };
}

/** Ids are UUIDs to Graph, which takes them in any case. The token says who calls; only its digest is kept. */
function keyOf(id: string, { callerToken }: GraphCall): string {
  const caller = createHash('sha256')
    .update(callerToken?.reveal() ?? '')
    .digest('base64url');
  return `${caller} ${id.toLowerCase()}`;
}
