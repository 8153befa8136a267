import {
  decideShedding,
  type Load,
  nextLimit,
  type SheddingBounds,
  type ShedReason,
  startLimit,
} from './decideShedding.ts';
import type { SenseLoad } from './senseLoad.ts';

/** Lets requests in, or not. */
export interface Shedder {
  /** Counts one more open request and gives undefined, or the reason why it must not be let in. */
  enter(): ShedReason | undefined;
  /** Counts one less; called once for each that was let in. */
  leave(): void;
  close(): void;
}

/** Starts without a load. */
export function createShedder(bounds: SheddingBounds, senseLoad: SenseLoad): Shedder {
  let load: Load = { eventLoopDelayMs: 0, eventLoopUtilization: 0, heapUsedPercent: 0 };
  let limit = startLimit(bounds);
  let open = 0;
  let mostOpen = 0;
  const close = senseLoad((sensed) => {
    load = sensed;
    limit = nextLimit(limit, mostOpen, load, bounds);
    mostOpen = open;
  });
  return {
    enter() {
      const reason = decideShedding(open, limit, load, bounds);
      if (reason === undefined) {
        open += 1;
        mostOpen = Math.max(mostOpen, open);
      }
      return reason;
    },
    leave() {
      open -= 1;
    },
    close,
  };
}
