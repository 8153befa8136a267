import type { Lacking } from './errors.ts';

/** What an answer says beside its status. */
export interface ForbiddenFacts {
  readonly status: number;
  /** Graph's own words, cleaned. */
  readonly message: string;
  /** Whether Intune's own service speaks. */
  readonly isIntuneRole: boolean;
}

/**
 * Tells what somebody lacks who is forbidden something: the permission, which an administrator grants to the
 * application, or the role in Intune, which is given to the person. Intune says it in its sentences only, which have been
 * the same for years; a 401 that means forbidden is always about the role.
 */
export function lackingOf({ status, message, isIntuneRole }: ForbiddenFacts): Lacking {
  if (
    /^Application is not authorized|does not have application permissions|following scopes/i.test(
      message,
    )
  ) {
    return 'PERMISSION';
  }
  if (isIntuneRole || status === 401 || /^User is not authorized/i.test(message)) {
    return 'INTUNE_ROLE';
  }
  return 'PERMISSION_OR_INTUNE_ROLE';
}

/** What to do about it. */
export const forbiddenMessages: Readonly<Record<Lacking, string>> = {
  PERMISSION:
    'The application lacks the permission for this; an administrator has to grant it the least privileged one that is named here.',
  INTUNE_ROLE:
    'The user lacks the role in Intune for this. The permission of the application does not help; an administrator of Intune has to give the user a role.',
  PERMISSION_OR_INTUNE_ROLE:
    'The token lacks a required permission, or its user lacks the role in Intune for this.',
};
