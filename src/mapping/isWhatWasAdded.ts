import type {
  AssignmentResource,
  NewAssignmentResource,
  NewPartnerResource,
  PartnerResource,
} from '../graph/resource.ts';
import { instantKeyOf } from './instantKey.ts';
import { hasSameFilter, hasSameIdentity } from './sameTarget.ts';

/**
 * Whether a partner that Graph holds is what an add sent, in everything that it sent: times as instants, because Graph
 * may write them with another offset, ids in any case, targets as Graph tells them apart, and null as what Graph makes
 * of it.
 */
export function isWhatWasAdded(sent: NewPartnerResource, held: PartnerResource): boolean {
  return Object.entries(sent).every(([property, value]) => {
    if (property === '@odata.type') {
      return true;
    }
    const other: unknown = held[property as keyof PartnerResource];
    if (Array.isArray(value)) {
      return hasSameAssignments(value, other);
    }
    if (property === 'id' && typeof value === 'string') {
      return typeof other === 'string' && other.toLowerCase() === value.toLowerCase();
    }
    if (property === 'lastHeartbeatDateTime' && typeof value === 'string') {
      return typeof other === 'string' && instantKeyOf(other) === instantKeyOf(value);
    }
    return value === null ? isNothing(other) : other === value;
  });
}

function isNothing(value: unknown): boolean {
  return value == null || (Array.isArray(value) && value.length === 0);
}

function hasSameAssignments(sent: readonly NewAssignmentResource[], held: unknown): boolean {
  if (!Array.isArray(held)) {
    return sent.length === 0 && held == null;
  }
  const entries = held as readonly (AssignmentResource | null)[];
  return (
    entries.length === sent.length &&
    sent.every(({ target }, index) => hasSameTarget(target, entries[index]?.target))
  );
}

function hasSameTarget(
  sent: NewAssignmentResource['target'],
  held: AssignmentResource['target'],
): boolean {
  if (sent == null || held == null) {
    return sent == null && held == null;
  }
  return hasSameIdentity(sent, held) && hasSameFilter(sent, held);
}
