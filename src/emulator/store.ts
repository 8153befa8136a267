import type { PartnerResource } from '../graph/types.ts';

/** A row and its number in the order of insertion, which no deletion changes. */
export interface StoredPartner {
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
export function createPartnerStore(seed: readonly PartnerResource[]): PartnerStore {
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
