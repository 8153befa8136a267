import { LRUCache } from 'lru-cache';
import { idKeyOf, type PartnerResource } from '../graph/types.ts';
import { atMost } from '../shared/atMost.ts';

/**
 * The ids of partners that this replica has seen in Graph's answers. Nothing is ever answered from it: it only tells,
 * after an add in doubt, what cannot be its result because it was there before.
 */
export interface SeenPartnerIds {
  note(partners: Iterable<PartnerResource>): void;
  has(id: string): boolean;
}

const maximumIds = 50_000;

/** Starts with knowing none; forgets what was not seen for longest. */
export function createSeenPartnerIds(): SeenPartnerIds {
  const ids = new LRUCache<string, true>(atMost(maximumIds));
  return {
    note(partners) {
      for (const { id } of partners) {
        ids.set(idKeyOf(id), true);
      }
    },
    has: (id) => ids.has(idKeyOf(id)),
  };
}
