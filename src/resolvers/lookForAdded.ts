import { isGraphError } from '../graph/errors.ts';
import type { NewPartnerResource, PartnerResource } from '../graph/resource.ts';
import { isWhatWasAdded } from '../mapping/isWhatWasAdded.ts';
import type { RequestContext } from './context.ts';

/**
 * Looks once, after an add whose outcome is in doubt, whether it came to pass: gives the partner if exactly one fits
 * all that was sent and was not seen before. Undefined where none does, where several do, and where looking fails.
 */
export async function lookForAdded(
  sent: NewPartnerResource,
  { graph, call, knownIds, maximumRows }: RequestContext,
): Promise<PartnerResource | undefined> {
  const fitting: PartnerResource[] = [];
  let rows = 0;
  try {
    for await (const page of graph.listPages(call)) {
      fitting.push(
        ...page.filter((partner) => !knownIds.has(partner.id) && isWhatWasAdded(sent, partner)),
      );
      // In the same moment: the other of two adds that look now must not take one of these for its own as well.
      knownIds.note(page);
      rows += page.length;
      if (rows > maximumRows || fitting.length > 1) {
        return undefined;
      }
    }
  } catch (error) {
    if (isGraphError(error)) {
      return undefined;
    }
    throw error;
  }
  return fitting[0];
}
