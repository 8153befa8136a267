import type { Credentials } from '../graph/credentials.ts';
import { GraphCredentialError } from '../graph/errors.ts';
import type { Authorizer } from './authorizer.ts';

/**
 * Gives no token for a call whose caller was not let in. Every query and mutation asks before; this is the last look,
 * so that one which forgets to ask fails instead of lending the gateway's permissions to anybody.
 */
export function guardCredentials<Own extends Credentials>(
  credentials: Own,
  authorizer: Pick<Authorizer, 'callerOf'>,
): Own {
  return {
    ...credentials,
    async tokenFor(call, wish) {
      if (authorizer.callerOf(call) === undefined) {
        throw new GraphCredentialError('unauthenticated', 'Nobody was let in with this call.');
      }
      return credentials.tokenFor(call, wish);
    },
  };
}
