import type { PartnerResource } from '../graph/types.ts';
import type { Clock } from '../shared/clock.ts';

/** A row and its number in the order of insertion, which no deletion changes. */
interface StoredPartner {
  readonly number: number;
  readonly row: PartnerResource;
}

/** The rows, in memory and in the order of their insertion; ids are compared without case, as GUIDs are. */
export interface PartnerStore {
  /** The rows with a higher number. */
  rowsBehind(number: number): readonly StoredPartner[];
  get(id: string): PartnerResource | undefined;
  /** Puts a row at the end, or in the place of the one with the same id. */
  put(row: PartnerResource): void;
  delete(id: string): boolean;
  rows(): readonly PartnerResource[];
  /** The same rows under the same numbers, to be changed without a trace here. */
  copy(): PartnerStore;
}

/** Makes a store with rows in it. */
function createPartnerStore(seed: readonly PartnerResource[]): PartnerStore {
  const store = storeOver(new Map(), 0);
  for (const row of seed) {
    store.put(row);
  }
  return store;
}

function storeOver(stored: Map<string, StoredPartner>, lastNumber: number): PartnerStore {
  let last = lastNumber;
  return {
    rowsBehind: (number) => [...stored.values()].filter((partner) => partner.number > number),
    get: (id) => stored.get(id.toLowerCase())?.row,
    put(row) {
      const key = row.id.toLowerCase();
      const number = stored.get(key)?.number ?? ++last;
      stored.set(key, { number, row });
    },
    delete: (id) => stored.delete(id.toLowerCase()),
    rows: () => [...stored.values()].map(({ row }) => row),
    copy: () => storeOver(new Map(stored), last),
  };
}

/** A store whose readers see the rows as they were some time ago. */
interface LaggingStore {
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

/**
 * A partner before its set-up: what OData gives to properties that an add leaves out (the default, null, or an
 * empty list), and what a row of the catalogue shows before it is connected.
 */
export const blankPartner = {
  lastHeartbeatDateTime: '0001-01-01T00:00:00Z',
  partnerState: 'unknown',
  displayName: null,
  macOsOnboarded: false,
  windowsOnboarded: false,
  androidOnboarded: false,
  iosOnboarded: false,
  linuxOnboarded: false,
  macOsEnrollmentAssignments: [],
  windowsEnrollmentAssignments: [],
  androidEnrollmentAssignments: [],
  iosEnrollmentAssignments: [],
  linuxEnrollmentAssignments: [],
} as const satisfies Omit<PartnerResource, 'id'>;
