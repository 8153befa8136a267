import type { EndSignal } from '../shared/abort.ts';
import type { Clock } from '../shared/clock.ts';
import type { ProxySettings } from '../shared/proxy.ts';
import type { Secret } from '../shared/secret.ts';
import type { Log } from '../telemetry/log.ts';
import type { Caller } from './caller.ts';
import { createTokenRules, type TokenRuleSettings } from './claims.ts';
import { createDocumentClient } from './documentClient.ts';
import { IdentityError } from './errors.ts';
import { issuerRootsOf } from './issuers.ts';
import { loadKeySet } from './keySet.ts';
import { startKeyStore } from './keyStore.ts';
import { validateToken } from './verifyToken.ts';

/** What an authority and its tokens have to be, and what the gateway is made of. */
export interface IdentityOptions extends Omit<TokenRuleSettings, 'issuerRoots'> {
  readonly authority: URL;
  /** Where the authority issues under names that are not known here. */
  readonly issuerRoots?: TokenRuleSettings['issuerRoots'] | undefined;
  /** Origins beside the authority's own from which its keys may come. */
  readonly keyOrigins?: readonly string[] | undefined;
  /** Certificates of authorities to trust beside the machine's own, in PEM. */
  readonly certificateAuthorities?: readonly string[] | undefined;
  /** The forward proxies that may lead to the authority. */
  readonly proxies?: ProxySettings | undefined;
  readonly keyRefreshMs?: number | undefined;
  readonly keyTimeoutMs?: number | undefined;
  readonly clock: Clock;
  /** At least 0 and less than 1. */
  readonly chance: () => number;
  readonly log: Log;
}

/** Tells who calls. */
export interface Identity {
  /** Whether there were keys once, so that tokens can be checked. */
  readonly isReady: boolean;
  /** How old the keys in use are; undefined if there are none. */
  readonly keyAgeMs: number | undefined;
  /** @throws IdentityError if the caller is rejected. */
  identify(token: Secret | undefined, signal: EndSignal): Promise<Caller>;
  close(): Promise<void>;
}

/** Starts to load the authority's keys: the tenant's own if there is one tenant, those of all organizations else. */
export function startIdentity(options: IdentityOptions): Identity {
  const { authority, tenantIds, keyOrigins, clock, chance, log } = options;
  const issuerRoots = options.issuerRoots ?? issuerRootsOf(authority);
  const [onlyTenant = 'organizations', ...otherTenants] = tenantIds;
  const tenant = otherTenants.length === 0 ? onlyTenant : 'organizations';
  const source = { authority, tenant, issuerRoots, keyOrigins };
  const { certificateAuthorities, proxies, keyTimeoutMs: timeoutMs } = options;
  const client = createDocumentClient({ clock, certificateAuthorities, proxies, timeoutMs });
  const load = (signal: AbortSignal) => loadKeySet(source, client.read, signal);
  const keys = startKeyStore({ load, clock, chance, log, refreshMs: options.keyRefreshMs });
  const rules = createTokenRules({ ...options, issuerRoots });
  return {
    get isReady() {
      return keys.isReady;
    },
    get keyAgeMs() {
      return keys.ageMs;
    },
    async identify(token, signal) {
      if (token === undefined) {
        throw new IdentityError('token-missing');
      }
      return validateToken(token, { rules, keys, clock }, signal);
    },
    async close() {
      keys.close();
      await client.close();
    },
  };
}
