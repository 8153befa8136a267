import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { readTokenClaims } from '../tokenClaims.ts';
import type { GraphCall } from './pipeline.ts';

/** Tells for whom Graph counts a call: one app in one tenant. */
export interface TenantKeys {
  keyOf(call: GraphCall): string;
  /** Tells that Graph took the call's token for good: it did what was asked. */
  accept(call: GraphCall): void;
  /** Tells that Graph did not take it. */
  reject(call: GraphCall): void;
  /** Whether the call's token was accepted, now or within the last hour. */
  isAccepted(call: GraphCall): boolean;
}

const maximumTokens = 10_000;
const knownForMs = 60 * 60 * 1000;

/**
 * Reads app and tenant out of callers' tokens. They are not ours to verify, and anybody can write somebody else's
 * tenant into one; so a token counts by itself until Graph has accepted it.
 */
export function createTenantKeys(): TenantKeys {
  const accepted = new LRUCache<string, string>({ max: maximumTokens, ttl: knownForMs });
  return {
    keyOf({ callerToken }) {
      const digest = digestOf(callerToken?.reveal() ?? '');
      return accepted.get(digest) ?? digest;
    },
    accept({ callerToken }) {
      const token = callerToken?.reveal() ?? '';
      const digest = digestOf(token);
      // A token that names no tenant goes on counting by itself.
      accepted.set(digest, readTenantKey(token) ?? digest);
    },
    reject({ callerToken }) {
      accepted.delete(digestOf(callerToken?.reveal() ?? ''));
    },
    isAccepted: ({ callerToken }) => accepted.has(digestOf(callerToken?.reveal() ?? '')),
  };
}

/** The app and the tenant that a token names, digested; undefined where it names none. */
export function readTenantKey(token: string): string | undefined {
  const { tenantId, clientId } = readTokenClaims(token) ?? {};
  return tenantId !== undefined && clientId !== undefined
    ? digestOf(JSON.stringify([tenantId.toLowerCase(), clientId.toLowerCase()]))
    : undefined;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
