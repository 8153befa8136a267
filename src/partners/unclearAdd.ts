import { isGraphError } from '../graph/errors.ts';
import type { NewPartnerResource, PartnerResource } from '../graph/types.ts';
import { isWhatWasAdded } from '../mapping/isWhatWasAdded.ts';
import { forEachUnit } from '../shared/loopShare.ts';
import type { RequestContext } from './context.ts';
import { GatewayError } from './errors.ts';

/**
 * Looks once, after an add whose outcome is in doubt, whether it came to pass: gives the partner if exactly one fits
 * all that was sent and was not seen before. Undefined where none does, where several do, and where looking fails.
 */
export async function lookForAdded(
  sent: NewPartnerResource,
  { graph, call, knownIds, maximumRows, share }: RequestContext,
): Promise<PartnerResource | undefined> {
  const fitting: PartnerResource[] = [];
  let rows = 0;
  try {
    for await (const page of graph.listPages(call)) {
      const candidates = page.filter(({ id }) => !knownIds.has(id));
      // In the same moment: the other of two adds that look now must not take one of these for its own as well.
      knownIds.note(page);
      await forEachUnit(share, candidates.length, (place) => {
        const candidate = candidates[place];
        if (candidate !== undefined && isWhatWasAdded(sent, candidate)) {
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
