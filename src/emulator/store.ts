import type { PartnerResource } from '../graph/types.ts';
import type { Clock } from '../shared/clock.ts';

/** A row and its number in the order of insertion, which no deletion changes. */
interface StoredPartner {
  readonly number: number;
  readonly row: PartnerResource;
}

/** The rows, in memory and in the order of their insertion; ids are compared without case, as GUIDs are. */
export interface PartnerStore {
  rowsBehind(number: number): readonly StoredPartner[];
  get(id: string): PartnerResource | undefined;
  /** Puts a row at the end, or in the place of the one with the same id. */
  put(row: PartnerResource): void;
  delete(id: string): boolean;
  rows(): readonly PartnerResource[];
  /** The same rows under the same numbers, to be changed without a trace here. */
  copy(): PartnerStore;
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

/** Beyond so many kept states, reads no longer show the oldest. */
const maximumStates = 1_000;

/** A store, and what reads show of it: the rows as they were `lagMs` ago. */
export function createLaggingStore(
  seed: readonly PartnerResource[],
  { clock, lagMs }: { readonly clock: Clock; readonly lagMs: number },
): { readonly store: PartnerStore; seen(): PartnerStore } {
  const store = storeOver(new Map(), 0);
  for (const row of seed) {
    store.put(row);
  }
  if (lagMs === 0) {
    return { store, seen: () => store };
  }
  /** The rows as they were before each write, the oldest first. */
  const states: { readonly rows: PartnerStore; readonly replacedMs: number }[] = [];
  const keepState = (): void => {
    states.push({ rows: store.copy(), replacedMs: clock.now() });
    states.splice(0, states.length - maximumStates);
  };
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
