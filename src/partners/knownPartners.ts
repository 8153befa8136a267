import { LRUCache } from 'lru-cache';
import type { GraphClient } from '../graph/client.ts';
import { isGraphError } from '../graph/errors.ts';
import { idKeyOf, type PartnerResource } from '../graph/types.ts';
import { atMost } from '../shared/atMost.ts';

/**
 * The ids of partners that this replica has seen in Graph's answers. Nothing is ever answered from it: it only tells,
 * after an add in doubt, what cannot be its result because it was there before.
 */
export interface KnownPartnerIds {
  note(partners: Iterable<PartnerResource>): void;
  has(id: string): boolean;
}

const maximumIds = 50_000;

/** Starts with knowing none; forgets what was not seen for longest. */
export function createKnownPartnerIds(): KnownPartnerIds {
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

/** Notes the ids of all partners that a client's answers name. A page is noted once the next one is asked for. */
export function noteIds(graph: GraphClient, knownIds: KnownPartnerIds): GraphClient {
  return {
    ...graph,
    async *listPages(call) {
      for await (const page of graph.listPages(call)) {
        yield page;
        knownIds.note(page);
      }
    },
    async get(id, call) {
      const partner = await graph.get(id, call);
      knownIds.note(partner ? [partner] : []);
      return partner;
    },
    async getSource(id, call) {
      const source = await graph.getSource(id, call);
      knownIds.note(source ? [source.partner] : []);
      return source;
    },
    async getMany(ids, call) {
      const lookups = await graph.getMany(ids, call);
      for (const lookup of lookups) {
        knownIds.note(lookup === undefined || isGraphError(lookup) ? [] : [lookup]);
      }
      return lookups;
    },
    async add(partner, call) {
      const added = await graph.add(partner, call);
      knownIds.note([added]);
      return added;
    },
  };
}
