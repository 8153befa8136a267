import { firstLimit, nextLimit } from '../../http/adaptiveLimit.ts';
import {
  decideShedding,
  type Load,
  type SheddingBounds,
  type ShedReason,
} from './decideShedding.ts';

/** Lets requests in, or not. */
export interface Shedder {
  /** The reason why one more request must not be let in, if any; counts nothing. */
  check(): ShedReason | undefined;
  /** Counts one more open request. */
  enter(): void;
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
    check: () => decideShedding(open, limit.open, load, bounds),
    enter() {
      open += 1;
      mostOpen = Math.max(mostOpen, open);
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
