import type { Secret } from '../../shared/secret.ts';
import type { Trail } from '../../telemetry/trace.ts';

/** How a token of the gateway's own is got, as metrics name it. */
export type TokenFlow = 'on-behalf-of' | 'client-credentials' | 'managed-identity';

/** One token that is needed. */
export interface TokenOrder {
  readonly tenant: string;
  /** What is exchanged for it, where a user stands behind it. */
  readonly assertion: Secret | undefined;
  /** Of the operation that asked first. */
  readonly requestId: string;
  readonly trail?: Trail | undefined;
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
