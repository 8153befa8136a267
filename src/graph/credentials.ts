import type { Secret } from '../shared/secret.ts';
import { GraphCredentialError } from './errors.ts';
import type { GraphCall } from './request.ts';

/** Which token is wanted. */
export interface TokenWish {
  /** One that was not used before, because Graph refused the last one. */
  readonly withFreshToken: boolean;
}

/** Where the token for a call of Graph comes from. */
export interface Credentials {
  /** Whether tokens come from a cache of the gateway's own, so that a refused one can be replaced. */
  readonly hasOwnTokens: boolean;
  /** @throws GraphCredentialError where there is none. */
  tokenFor(call: GraphCall, wish: TokenWish): Promise<Secret>;
}

/** Hands the caller's own token on. Graph's tokens are opaque to everyone else, so Graph alone judges it. */
export const passthroughCredentials: Credentials = {
  hasOwnTokens: false,
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
