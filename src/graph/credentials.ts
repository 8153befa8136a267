import { LRUCache } from 'lru-cache';
import { isJsonObject, parseJson } from '../shared/json.ts';
import { atMost, digestOf, type Secret } from '../shared/secret.ts';
import { GraphError } from './errors.ts';
import type { GraphCall } from './request.ts';

/** Where the token for a call of Graph comes from. */
export interface Credentials {
  /** Whether tokens come from a cache of the gateway's own, so that a rejected one can be replaced. */
  readonly hasOwnTokens: boolean;
  /**
   * Gives the token, at once if it is known; a fresh one was not used before, because Graph rejected the last one.
   * @throws GraphError if there is none.
   */
  tokenFor(call: GraphCall, wish: { readonly withFreshToken: boolean }): Secret | Promise<Secret>;
}

/** Hands the caller's own token on. Graph's tokens are opaque to everyone else, so Graph alone judges it. */
export const passthroughCredentials: Credentials = {
  hasOwnTokens: false,
  tokenFor(call) {
    if (call.callerToken === undefined) {
      throw new GraphError(
        'unauthenticated',
        'Send a token for Microsoft Graph in the header "Authorization: Bearer …".',
      );
    }
    return call.callerToken;
  },
};

/** Reads what an access token of Entra's says of itself; nothing of it is verified. Undefined for a token that is no JWT. */
export function readTokenClaims(token: string) {
  const parts = token.split('.');
  const payload = parts.length === 3 ? (parts[1] ?? '') : '';
  const claims = parseJson(Buffer.from(payload, 'base64url').toString('utf8'));
  if (!isJsonObject(claims)) {
    return undefined;
  }
  const { exp, scp } = claims;
  const named: readonly unknown[] = Array.isArray(claims['roles']) ? claims['roles'] : [];
  const scopes: readonly string[] = (textOf(scp) ?? '').split(' ').filter((scope) => scope !== '');
  const roles: readonly string[] = named.filter((role) => typeof role === 'string');
  return {
    tenantId: textOf(claims['tid']),
    clientId: textOf(claims['azp']) ?? textOf(claims['appid']),
    /** The object's id, or the token's own subject if there is none. */
    subject: textOf(claims['oid']) ?? textOf(claims['sub']),
    /** Delegated permissions; only a token for a user has them. */
    scopes,
    /** Application permissions. */
    roles,
    expiresAtMs: typeof exp === 'number' && Math.abs(exp) < 1e11 ? exp * 1000 : undefined,
  };
}

type TokenClaims = NonNullable<ReturnType<typeof readTokenClaims>>;

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Tells for whom Graph counts a call: one app in one tenant. */
export type TenantKeys = ReturnType<typeof createTenantKeys>;

const maximumTokens = 10_000;
const knownForMs = 60 * 60 * 1000;

/**
 * Reads app and tenant out of callers' tokens. They are not ours to verify, and anyone can write another's
 * tenant into one; so a token counts by itself until Graph has accepted it.
 */
export function createTenantKeys() {
  /** By the token's digest, with what the token says of its caller: that cannot change. Of many permissions, none is kept. */
  const accepted = new LRUCache<string, { key: string; claims: Partial<TokenClaims> }>({
    ...atMost(maximumTokens),
    ttl: knownForMs,
  });
  const claimsOf = ({ callerToken }: GraphCall): Partial<TokenClaims> =>
    (callerToken && readTokenClaims(callerToken.reveal())) ?? {};
  return {
    keyOf(call: GraphCall): string {
      const digest = tokenDigestOf(call);
      return accepted.get(digest)?.key ?? digest;
    },
    /**
     * The tenant whose partners a call works on; undefined if its token names none. It is proven once Graph or the
     * gateway has accepted the token; otherwise anybody can have written it.
     */
    tenantOf(call: GraphCall): { readonly id: string; readonly isProven: boolean } | undefined {
      const known = accepted.get(tokenDigestOf(call));
      const { tenantId } = known ? known.claims : claimsOf(call);
      return tenantId === undefined
        ? undefined
        : { id: tenantId.toLowerCase(), isProven: known !== undefined };
    },
    /** Notes that Graph took the call's token for good: it did what was asked. */
    accept(call: GraphCall): void {
      const digest = tokenDigestOf(call);
      if (!accepted.has(digest)) {
        const { tenantId, clientId, subject, expiresAtMs } = claimsOf(call);
        // A token that names no tenant or no app goes on counting by itself.
        const key =
          tenantId !== undefined && clientId !== undefined
            ? digestOf(JSON.stringify([tenantId.toLowerCase(), clientId.toLowerCase()]))
            : digest;
        accepted.set(digest, { key, claims: { tenantId, subject, expiresAtMs } });
      }
    },
    /** Notes that Graph did not take it. */
    reject: (call: GraphCall) => void accepted.delete(tokenDigestOf(call)),
    /**
     * Who calls: a digest of tenant and subject, the same for all tokens of one caller, or of a token that names none.
     * Undefined if only the token says so: Graph has not accepted it, or it has expired by its own word.
     */
    callerOf(call: GraphCall, nowMs: number): string | undefined {
      const digest = tokenDigestOf(call);
      const known = accepted.get(digest);
      const { tenantId, subject, expiresAtMs } = known ? known.claims : claimsOf(call);
      if (tenantId === undefined || subject === undefined) {
        return digestOf(JSON.stringify(['token', digest]));
      }
      const isProven = known !== undefined && (expiresAtMs === undefined || expiresAtMs > nowMs);
      return isProven ? callerKeyOf(tenantId, subject) : undefined;
    },
    /** Whether the call's token was accepted, now or within the last hour. */
    isAccepted: (call: GraphCall): boolean => accepted.has(tokenDigestOf(call)),
  };
}

/** A digest of a tenant and of who calls within it. */
export function callerKeyOf(tenantId: string, subject: string): string {
  return digestOf(JSON.stringify(['subject', tenantId.toLowerCase(), subject]));
}

const digestOfNone = digestOf('');

function tokenDigestOf({ callerToken }: GraphCall): string {
  return callerToken?.digest() ?? digestOfNone;
}
