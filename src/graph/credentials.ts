import type { Secret } from '../secret.ts';
import { GraphCredentialError } from './errors.ts';
import type { GraphCall } from './pipeline/pipeline.ts';

/** Where the token for a call of Graph comes from. */
export interface Credentials {
  /** @throws GraphCredentialError where there is none. */
  tokenFor(call: GraphCall): Promise<Secret>;
}

/** Hands the caller's own token on. Graph's tokens are opaque to everyone else, so Graph alone judges it. */
export const passthroughCredentials: Credentials = {
  async tokenFor(call) {
    if (call.callerToken === undefined) {
      throw new GraphCredentialError(
        'unauthenticated',
        'Send a token for Microsoft Graph in the header "Authorization: Bearer …".',
      );
    }
    return call.callerToken;
  },
};
