import { isPartnerId, partnerIdForm } from '../graph/types.ts';
import { authorize } from './authorize.ts';
import type { RequestContext } from './context.ts';
import { GatewayError } from './errors.ts';
import type { PartnerModel } from './model.ts';
import { partnerFromWire } from './partnerMapping.ts';

/** How many one operation may ask for: five calls of Graph. */
export const maximumEntities = 100;

/** The one type that a router can ask for by key. */
export const entityName = 'ComplianceManagementPartner';

/**
 * Reads partners by what a router knows of them, in order, several ids in one call: null if Graph has none. What
 * fails for one is an error in its place; the others are still returned.
 */
export function readEntities(
  representations: readonly unknown[],
  context: RequestContext,
): readonly Promise<PartnerModel | null>[] {
  let allowed: Promise<void> | undefined;
  return representations.map(async (representation, index) => {
    const id = readKey(representation, index);
    allowed ??= authorize(context, 'READ');
    await allowed;
    const partner = await context.reads.get(id);
    return partner === null ? null : partnerFromWire(partner);
  });
}

/** @throws GatewayError that names the part of the representation that is wrong. */
function readKey(representation: unknown, index: number): string {
  const member = (name: string): unknown =>
    typeof representation === 'object' &&
    representation !== null &&
    Object.hasOwn(representation, name)
      ? (representation as Readonly<Record<string, unknown>>)[name]
      : undefined;
  const place = ['representations', String(index)];
  if (member('__typename') !== entityName) {
    throw new GatewayError(
      'BAD_USER_INPUT',
      `The representation ${index} has no known "__typename": the one entity of this subgraph is ${entityName}.`,
      { field: [...place, '__typename'] },
    );
  }
  const id = member('id');
  if (typeof id !== 'string' || !isPartnerId(id)) {
    throw new GatewayError(
      'BAD_USER_INPUT',
      `The representation ${index} has no "id" that can be a partner's: an id is ${partnerIdForm}.`,
      { field: [...place, 'id'] },
    );
  }
  return id;
}
