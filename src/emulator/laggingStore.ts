import type { Clock } from '../shared/clock.ts';
import { createPartnerStore, type PartnerStore } from './store.ts';

/** A store whose readers see the rows as they were some time ago. */
export interface LaggingStore {
  /** What operations write to, and read before they write. */
  readonly store: PartnerStore;
  /** What reads are shown. */
  seen(): PartnerStore;
}

/** So many states are kept; beyond that the oldest is shown no more. */
const maximumStates = 1_000;

/** Makes a store whose reads lag behind its writes by `lagMs`. */
export function createLaggingStore(
  seed: Parameters<typeof createPartnerStore>[0],
  { clock, lagMs }: { readonly clock: Clock; readonly lagMs: number },
): LaggingStore {
  const store = createPartnerStore(seed);
  /** The rows as they were before each write, the oldest first. */
  const states: { readonly rows: PartnerStore; readonly replacedMs: number }[] = [];
  if (lagMs === 0) {
    return { store, seen: () => store };
  }

  function keepState(): void {
    states.push({ rows: store.copy(), replacedMs: clock.now() });
    if (states.length > maximumStates) {
      states.shift();
    }
  }

  return {
    store: {
      ...store,
      put(row) {
        keepState();
        store.put(row);
      },
      delete(id) {
        keepState();
        return store.delete(id);
      },
    },
    seen() {
      while (states[0] !== undefined && states[0].replacedMs + lagMs <= clock.now()) {
        states.shift();
      }
      return states[0]?.rows ?? store;
    },
  };
}
