import type { GraphClient } from '../graph/client.ts';
import { GraphProtocolError } from '../graph/errors.ts';
import {
  isPartnerId,
  isSameId,
  type NewPartnerResource,
  type PartnerResource,
} from '../graph/types.ts';
import { isWhatWasAdded } from '../mapping/isWhatWasAdded.ts';

/** Whether an add gave an id and was answered under another one. */
export function hasOtherId(sent: NewPartnerResource, answered: PartnerResource): boolean {
  return sent.id !== undefined && !isSameId(sent.id, answered.id);
}

/**
 * Believes an answer to an add under another id than it gave only if all else in it is as it was sent: Graph gives ids
 * itself in all its examples. With any other difference it may be somebody else's partner.
 */
export function checkAddedId(graph: GraphClient): GraphClient {
  return {
    ...graph,
    async add(partner, call) {
      const added = await graph.add(partner, call);
      if (hasOtherId(partner, added)) {
        const { id: _id, ...rest } = partner;
        if (!isWhatWasAdded(rest, added)) {
          throw new GraphProtocolError('badResponse', anotherPartner, {
            mayHaveBeenApplied: true,
            answeredId: isPartnerId(added.id) ? added.id : undefined,
          });
        }
      }
      return added;
    },
  };
}

const anotherPartner =
  "Microsoft Graph's answer cannot be believed: it has another id than the one that was sent, and not all else is as it was sent.";
