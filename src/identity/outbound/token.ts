import { isGraphError } from '../../graph/errors.ts';
import { errnoCodeOf } from '../../shared/errnoCode.ts';
import type { Secret } from '../../shared/secret.ts';
import type { Trace } from '../../telemetry/requestTrace.ts';

/** How a token of the gateway's own is got, as metrics name it. */
export type TokenFlow = 'on-behalf-of' | 'client-credentials' | 'managed-identity';

/** One token that is needed. */
export interface TokenOrder {
  readonly tenant: string;
  /** What is exchanged for it, where a user stands behind it. */
  readonly assertion: Secret | undefined;
  /** Of the operation that asked first. */
  readonly requestId: string;
  readonly trace?: Trace | undefined;
}

/** A token with its life, counted from when it was asked for. */
export interface AcquiredToken {
  readonly token: Secret;
  readonly expiresInMs: number;
  /** When its issuer wants it to be renewed, if it said so. */
  readonly refreshInMs: number | undefined;
}

/** Where tokens are got, one at a time and without a memory; the signal fires when it takes too long. */
export type TokenSource = (order: TokenOrder, signal: AbortSignal) => Promise<AcquiredToken>;

/** What the log may say about a token that did not come; nothing of it comes from a secret. */
interface TokenFacts {
  /** The OAuth error, such as `invalid_client`. */
  readonly code?: string | undefined;
  /** Entra's own numbers, such as `AADSTS7000215`. */
  readonly codes?: readonly string[] | undefined;
  readonly status?: number | undefined;
  /** The system's code, such as `ENOENT`. */
  readonly systemCode?: string | undefined;
}

/** An answer that is no grant, as the cause of what it means to a caller. */
export class TokenRefusal extends Error {
  readonly facts: TokenFacts;

  constructor(facts: TokenFacts) {
    super('The token endpoint gave no token.');
    this.facts = facts;
  }
}

/**
 * The gateway itself is set up wrongly, so it gets no token for any caller. Callers can do nothing about it and learn
 * nothing of it: to them it is an internal error.
 */
export class OutboundIdentityError extends Error {
  readonly facts: TokenFacts;

  constructor(message: string, facts: TokenFacts = {}) {
    super(message);
    this.facts = facts;
  }
}

/** Gathers the facts from an error or its cause. */
export function tokenFactsOf(error: unknown): TokenFacts {
  if (error instanceof OutboundIdentityError || error instanceof TokenRefusal) {
    return error.facts;
  }
  if (isGraphError(error) && error.details.cause !== undefined) {
    return tokenFactsOf(error.details.cause);
  }
  return { systemCode: errnoCodeOf(error) };
}
