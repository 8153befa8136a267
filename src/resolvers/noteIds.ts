import type { GraphClient } from '../graph/client.ts';
import { isGraphError } from '../graph/errors.ts';
import type { KnownPartnerIds } from '../partners/knownPartners.ts';

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
