import { LRUCache } from 'lru-cache';
import { atMost } from '../shared/atMost.ts';
import { digestOf, type Secret } from '../shared/secret.ts';
import { readTokenClaims } from './credentials.ts';
import type { GraphCall } from './request.ts';

/** A tenant by its id, or by a text that stands for it. */
interface Tenant {
  readonly id: string;
  /** Whether Graph or the gateway has accepted the token that names it; otherwise anybody can have written it. */
  readonly isProven: boolean;
}

/** Tells for whom Graph counts a call: one app in one tenant. */
export interface TenantKeys {
  keyOf(call: GraphCall): string;
  /** The tenant whose partners a call works on; undefined if its token names none. */
  tenantOf(call: GraphCall): Tenant | undefined;
  /** Tells that Graph took the call's token for good: it did what was asked. */
  accept(call: GraphCall): void;
  /** Tells that Graph did not take it. */
  reject(call: GraphCall): void;
  /**
   * Who calls: a digest of tenant and subject, the same for all tokens of one caller, or of a token that names none.
   * Undefined if only the token says so: Graph has not accepted it, or it has expired by its own word.
   */
  callerOf(call: GraphCall, nowMs: number): string | undefined;
  /** Whether the call's token was accepted, now or within the last hour. */
  isAccepted(call: GraphCall): boolean;
}

const maximumTokens = 10_000;
const knownForMs = 60 * 60 * 1000;

/**
 * Reads app and tenant out of callers' tokens. They are not ours to verify, and anyone can write another's
 * tenant into one; so a token counts by itself until Graph has accepted it.
 */
export function createTenantKeys(): TenantKeys {
  const accepted = new LRUCache<string, AcceptedToken>({
    ...atMost(maximumTokens),
    ttl: knownForMs,
  });
  return {
    keyOf({ callerToken }) {
      const digest = tokenDigestOf(callerToken);
      return accepted.get(digest)?.key ?? digest;
    },
    tenantOf({ callerToken }) {
      const known = accepted.get(tokenDigestOf(callerToken));
      const { tenantId } = known ?? readTokenClaims(callerToken?.reveal() ?? '') ?? {};
      return tenantId === undefined
        ? undefined
        : { id: tenantId.toLowerCase(), isProven: known !== undefined };
    },
    accept({ callerToken }) {
      const digest = tokenDigestOf(callerToken);
      if (!accepted.has(digest)) {
        const token = callerToken?.reveal() ?? '';
        // What a token says is read once: it cannot change. One that names no tenant goes on counting by itself.
        const { tenantId } = readTokenClaims(token) ?? {};
        accepted.set(digest, { key: readTenantKey(token) ?? digest, tenantId });
      }
    },
    reject({ callerToken }) {
      accepted.delete(tokenDigestOf(callerToken));
    },
    callerOf({ callerToken }, nowMs) {
      const digest = tokenDigestOf(callerToken);
      const claims = readTokenClaims(callerToken?.reveal() ?? '');
      if (claims?.tenantId === undefined || claims.subject === undefined) {
        return digestOf(JSON.stringify(['token', digest]));
      }
      const { tenantId, subject, expiresAtMs = Number.POSITIVE_INFINITY } = claims;
      return accepted.has(digest) && expiresAtMs > nowMs
        ? callerKeyOf(tenantId, subject)
        : undefined;
    },
    isAccepted: ({ callerToken }) => accepted.has(tokenDigestOf(callerToken)),
  };
}

/** A digest of a tenant and of who calls within it. */
export function callerKeyOf(tenantId: string, subject: string): string {
  return digestOf(JSON.stringify(['subject', tenantId.toLowerCase(), subject]));
}

interface AcceptedToken {
  readonly key: string;
  readonly tenantId: string | undefined;
}

/** The app and the tenant that a token names, digested; undefined if it names none. */
export function readTenantKey(token: string): string | undefined {
  const { tenantId, clientId } = readTokenClaims(token) ?? {};
  return tenantId !== undefined && clientId !== undefined
    ? digestOf(JSON.stringify([tenantId.toLowerCase(), clientId.toLowerCase()]))
    : undefined;
}

function tokenDigestOf(token: Secret | undefined): string {
  return token?.digest() ?? digestOf('');
}
