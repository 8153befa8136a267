import { createHash } from 'node:crypto';
import type { Secret } from '../../shared/secret.ts';

declare const made: unique symbol;

/** Whose something is. Whatever is shared between calls is shared under such a key, which only this file makes. */
export type IdentityKey = string & { readonly [made]: 'IdentityKey' };

/** A caller, by the digest of the very token that it showed. */
export type Subject = string & { readonly [made]: 'Subject' };

/** All that must be equal before two calls may share a token. */
export interface Identity {
  readonly cloud: string;
  readonly tenant: string;
  readonly client: string;
  readonly mode: string;
  readonly scopes: readonly string[];
  readonly subject: Subject;
  /** The claims that a token was asked to meet, as JSON text; empty where none were. */
  readonly claims: string;
}

/** The subject of what the gateway does in its own name. */
export const ownSubject = subjectOfText('');

/**
 * The subject behind a token or an assertion. Never the `oid` in it: two tokens of one person can differ in what they
 * permit, and a claim can be forged where a digest cannot.
 */
export function subjectOf(token: Secret): Subject {
  return subjectOfText(token.reveal());
}

/** Makes the key. It is a digest, so nothing of the identity can be read from it. */
export function identityKeyOf(identity: Identity): IdentityKey {
  const { cloud, tenant, client, mode, scopes, subject, claims } = identity;
  const parts = [cloud, tenant, client, mode, scopes, subject, claims];
  return digest(JSON.stringify(parts)) as IdentityKey;
}

function subjectOfText(text: string): Subject {
  return digest(text) as Subject;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
