import { createHash } from 'node:crypto';
import type { PartnerResource } from '../graph/resource.ts';

const writableByUsers = [
  'displayName',
  'macOsOnboarded',
  'windowsOnboarded',
  'androidOnboarded',
  'iosOnboarded',
  'linuxOnboarded',
  'macOsEnrollmentAssignments',
  'windowsEnrollmentAssignments',
  'androidEnrollmentAssignments',
  'iosEnrollmentAssignments',
  'linuxEnrollmentAssignments',
] as const satisfies readonly (keyof PartnerResource)[];

/**
 * Digests all that a user can change, over what Graph wrote and not over what the schema shows: a change inside a
 * target that the schema does not recognise counts too. The heartbeat and the state do not; the order of members
 * does not either, and a property that is missing counts as null.
 */
export function revisionOf(partner: PartnerResource): string {
  const state = writableByUsers.map((property) => partner[property] ?? null);
  return createHash('sha256').update(canonicalJson(state)).digest('base64url');
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => sortMembers(member));
}

function sortMembers(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)),
  );
}
