import { LRUCache } from 'lru-cache';
import { isGraphError } from '../graph/errors.ts';
import { idKeyOf, isSameId } from '../graph/request.ts';
import type { NewPartnerResource, PartnerResource } from '../graph/types.ts';
import { forEachUnit } from '../shared/loopShare.ts';
import { atMost } from '../shared/secret.ts';
import type { RequestContext, SeenPartnerIds } from './context.ts';
import { GatewayError } from './errors.ts';
import { findDifferences } from './meaning.ts';
import type { PartnerModel } from './model.ts';

/**
 * Looks once, after an add whose outcome is in doubt, whether it came to pass: gives the partner if exactly one fits
 * all that was sent and was not seen before. Undefined if none does, if several do, and if looking fails.
 */
export async function findUnconfirmedAdd(
  sent: NewPartnerResource,
  {
    graph,
    call,
    seenPartnerIds,
    maximumRows,
    share,
  }: Pick<RequestContext, 'graph' | 'call' | 'seenPartnerIds' | 'maximumRows' | 'share'>,
): Promise<PartnerModel | undefined> {
  const fitting: PartnerModel[] = [];
  let rows = 0;
  try {
    for await (const page of graph.listPages(call)) {
      const candidates = page.filter(({ id }) => !seenPartnerIds.has(id));
      // In the same moment: the other of two adds that look now must not take one of these for its own as well.
      seenPartnerIds.note(page);
      await forEachUnit(share, candidates.length, (place) => {
        const candidate = candidates[place];
        if (candidate !== undefined && matchesSubmitted(sent, candidate.wire)) {
          fitting.push(candidate);
        }
      });
      rows += page.length;
      if (rows > maximumRows || fitting.length > 1) {
        return undefined;
      }
    }
  } catch (error) {
    if (isGraphError(error) || error instanceof GatewayError) {
      return undefined;
    }
    throw error;
  }
  return fitting[0];
}

/** Whether an add gave an id and was answered under another one. */
export function hasOtherId(sent: NewPartnerResource, answered: { readonly id: string }): boolean {
  return sent.id !== undefined && !isSameId(sent.id, answered.id);
}

/**
 * Whether an answer to an add is about what was sent: under another id than was given only if all else is as it was
 * sent, because Graph gives ids itself in all its examples. With any other difference it may be another partner.
 */
export function isAnswerToAdd(sent: NewPartnerResource, answered: PartnerModel): boolean {
  const { id: _id, ...rest } = sent;
  return !hasOtherId(sent, answered) || matchesSubmitted(rest, answered.wire);
}

/** Whether a partner that Graph holds is what an add sent, by meaning, in everything that it sent. */
export function matchesSubmitted(sent: NewPartnerResource, held: PartnerResource): boolean {
  return findDifferences(sent, held).length === 0;
}

const maximumIds = 50_000;

/**
 * Starts with knowing no id; forgets what was not seen for longest. Nothing is ever answered from it: it only tells,
 * after an add in doubt, what cannot be its result because it was there before.
 */
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
