import {
  decideShedding,
  type Load,
  type SheddingBounds,
  type ShedReason,
} from './decideShedding.ts';
import { firstLimit, nextLimit } from './nextLimit.ts';

/** Lets requests in, or not. */
export interface Shedder {
  /** Counts one more open request and gives undefined, or the reason why it must not be let in. */
  enter(): ShedReason | undefined;
  /** Counts one less; called once for each that was let in. */
  leave(): void;
  /** Takes note of what the process has to bear now. */
  sense(load: Load): void;
}

/** Starts without a load. */
export function createShedder(bounds: SheddingBounds): Shedder {
  let load: Load = { eventLoopDelayMs: 0, eventLoopUtilization: 0, heapUsedPercent: 0 };
  let limit = firstLimit(bounds);
  let open = 0;
  let mostOpen = 0;
  return {
    enter() {
      const reason = decideShedding(open, limit.open, load, bounds);
      if (reason === undefined) {
        open += 1;
        mostOpen = Math.max(mostOpen, open);
      }
      return reason;
    },
    leave() {
      open -= 1;
    },
    sense(sensed) {
      load = sensed;
      limit = nextLimit(limit, mostOpen, load, bounds);
      mostOpen = open;
    },
  };
}
