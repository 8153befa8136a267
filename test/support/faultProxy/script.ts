import type { Clock } from '../../../src/shared/clock.ts';
import type { ConnectionFault, Fault, RequestFault, RequestHead } from './fault.ts';

/** What is to happen next. Connections and requests each take the first fault that fits them. */
export interface Script {
  add(fault: Fault): void;
  clear(): void;
  /** How many faults are still to strike; one that strikes for ever or for a time counts as one. */
  readonly left: number;
  takeForConnection(): ConnectionFault | undefined;
  takeForRequest(head: RequestHead): RequestFault | undefined;
}

interface Entry {
  readonly fault: Fault;
  readonly untilMs: number;
  left: number;
}

/** Makes an empty script. */
export function createScript(clock: Clock): Script {
  let entries: Entry[] = [];

  function current(): Entry[] {
    const nowMs = clock.now();
    entries = entries.filter(({ left, untilMs }) => left > 0 && nowMs < untilMs);
    return entries;
  }

  function take<F extends Fault>(fits: (fault: Fault) => fault is F): F | undefined {
    for (const entry of current()) {
      if (fits(entry.fault)) {
        entry.left -= 1;
        return entry.fault;
      }
    }
    return undefined;
  }

  return {
    add(fault) {
      const { times = 1, forMs = Number.POSITIVE_INFINITY } = fault;
      entries.push({ fault, left: times, untilMs: clock.now() + forMs });
    },
    clear() {
      entries = [];
    },
    get left() {
      return current().length;
    },
    takeForConnection: () => take((fault): fault is ConnectionFault => fault.at === 'connection'),
    takeForRequest: (head) =>
      take(
        (fault): fault is RequestFault => fault.at !== 'connection' && (fault.fits?.(head) ?? true),
      ),
  };
}
