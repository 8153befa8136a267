import type { Clock, EndSignal } from '../shared/clock.ts';
import type { Secret } from '../shared/secret.ts';
import type { Log } from '../telemetry/log.ts';
import { type Caller, createTokenRules, type TokenRuleSettings } from './claims.ts';
import { createDocumentReader } from './documentClient.ts';
import { IdentityError } from './errors.ts';
import { loadKeySet } from './keySet.ts';
import { type KeyStore, startKeyStore } from './keyStore.ts';
import type { AuthorityWay } from './network.ts';
import { validateToken } from './verifyToken.ts';

/** What an authority and its tokens have to be, and what the gateway is made of. */
export interface IdentityOptions extends TokenRuleSettings, AuthorityWay {
  readonly keyTimeoutMs?: number | undefined;
  readonly clock: Clock;
  /** At least 0 and less than 1. */
  readonly chance: () => number;
  readonly log: Log;
}

/** Tells who calls. */
export interface Identity {
  readonly keys: KeyStore;
  /** @throws IdentityError if the caller is rejected. */
  identify(token: Secret | undefined, signal: EndSignal): Promise<Caller>;
}

/** The tenant whose keys are loaded: the only one there is, or `organizations` for all of them. */
export function keyTenantOf([first, ...others]: readonly string[]): string {
  return first === undefined || others.length > 0 ? 'organizations' : first;
}

/** Starts to load the authority's keys. */
export function startIdentity(options: IdentityOptions): Identity {
  const { authority, clock } = options;
  const source = { authority, tenant: keyTenantOf(options.tenantIds) };
  const read = createDocumentReader({ ...options, timeoutMs: options.keyTimeoutMs });
  const keys = startKeyStore({ ...options, load: (end) => loadKeySet(source, read, end) });
  const rules = createTokenRules(options);
  return {
    keys,
    async identify(token, signal) {
      if (token === undefined) {
        throw new IdentityError('token-missing');
      }
      return validateToken(token, { rules, keys, clock }, signal);
    },
  };
}
