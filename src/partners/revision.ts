import type { PartnerResource } from '../graph/types.ts';
import { digestOf } from '../shared/secret.ts';
import { meaningOf } from './meaning.ts';

/** What a user can change, and what a change of is a new revision: neither the heartbeat nor the state. */
export const revisedProperties = [
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
 * Digests all that a user can change, by meaning and not by spelling (`meaningOf`), over what Graph wrote and not over
 * what the schema shows: a change inside a target that the schema does not recognize counts too.
 */
export function revisionOf(partner: PartnerResource): string {
  let state = '';
  for (const property of revisedProperties) {
    const value = partner[property];
    state += value == null || value === false ? ';' : `${meaningOf(property, value)};`;
  }
  return digestOf(state);
}
