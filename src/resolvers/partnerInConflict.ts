import { isGraphError } from '../graph/errors.ts';
import type { RequestContext } from '../partners/context.ts';
import type { PartnerModel } from '../partners/model.ts';
import { partnerFromWire } from '../partners/partnerMapping.ts';

/**
 * Reads once what a change collided with, where it was Graph itself that said so. Null for every other error, and where
 * the partner cannot be read: the conflict is what the user has to know, and that read's own failure is logged.
 */
export async function partnerInConflict(
  error: unknown,
  id: string,
  { graph, call }: Pick<RequestContext, 'graph' | 'call'>,
): Promise<PartnerModel | null> {
  if (!isGraphError(error) || error.code !== 'conflict' || error.mayHaveBeenApplied) {
    return null;
  }
  const current = await graph.get(id, call).catch(() => undefined);
  return current === undefined ? null : partnerFromWire(current);
}
