import type { UserError } from '../generated/graphql.ts';
import type { PartnerResource } from '../graph/types.ts';
import { revisionOf } from './revision.ts';

/** Says that there is no partner to work on. */
export const partnerNotFound: UserError = {
  code: 'NOT_FOUND',
  message: 'Microsoft Graph has no partner with this id.',
  field: ['input', 'id'],
};

/** Says that the partner is not as the user believes, or nothing where it is or where the user does not care. */
export function findRevisionConflict(
  partner: PartnerResource,
  ifRevision: string | null | undefined,
): UserError | undefined {
  if (ifRevision == null || ifRevision === revisionOf(partner)) {
    return undefined;
  }
  return {
    code: 'CONFLICT',
    message:
      'The partner was changed since this revision, so nothing was written. Look at it as it is now, and decide again.',
    field: ['input', 'ifRevision'],
  };
}
