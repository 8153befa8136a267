import type { PartnerChanges, PartnerResource } from '../graph/types.ts';
import { type HandedProperty, type HandOver, isOlder } from './handOver.ts';
import { meaningOf } from './meaning.ts';

/** What Graph shows of a change that it has accepted. */
export type Visibility =
  | { readonly kind: 'shown' }
  /** The values from before, or some of them: reads lag, or Graph ignores these properties. */
  | { readonly kind: 'behind'; readonly properties: readonly string[] }
  /** Nothing but properties that Graph may ignore: the partner itself sets them. */
  | { readonly kind: 'ignored'; readonly properties: readonly string[] }
  /** A third value: another client of Graph changed it. */
  | { readonly kind: 'foreign'; readonly properties: readonly string[] };

type Changed = keyof PartnerChanges;

const mayBeIgnored: ReadonlySet<Changed> = new Set(['partnerState', 'lastHeartbeatDateTime']);

/** What is known of the partner before the change. */
interface Before {
  /** What the change handed on, with the values that it replaced. */
  readonly handOver: HandOver;
  /** What Graph showed first after it, which stands for what was there if nothing was read before. */
  readonly first: PartnerResource;
}

/** Judges what Graph shows after an update: each property that was sent, by meaning. */
export function judgeUpdate(
  sent: PartnerChanges,
  seen: PartnerResource,
  before: Before,
): Visibility {
  const missing = (Object.keys(sent) as Changed[]).filter(
    (property) => meaningOf(property, sent[property]) !== meaningOf(property, seen[property]),
  );
  const decisive = missing.filter(
    (property): property is HandedProperty => !mayBeIgnored.has(property),
  );
  if (decisive.length === 0) {
    return missing.length === 0 ? { kind: 'shown' } : { kind: 'ignored', properties: missing };
  }
  const foreign = decisive.filter((property) => !isFromBefore(property, seen, before));
  return foreign.length > 0
    ? { kind: 'foreign', properties: foreign }
    : { kind: 'behind', properties: missing };
}

/** Whether a property shows a value that it had before the change. */
export function isFromBefore(
  property: HandedProperty,
  seen: PartnerResource,
  { handOver, first }: Before,
): boolean {
  const isKnown = (handOver[property]?.older.length ?? 0) > 0;
  return isKnown
    ? isOlder(handOver, property, seen[property])
    : meaningOf(property, seen[property]) === meaningOf(property, first[property]);
}
