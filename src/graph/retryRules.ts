import type { GraphMethod } from './operation.ts';
import type { AttemptOutcome } from './pipeline/retry/attemptOutcome.ts';
import type { RepeatReason } from './request.ts';

/** All that the decision hangs on. */
export interface RetryFacts {
  readonly method: GraphMethod;
  /** A batch of reads is a POST that changes nothing. */
  readonly isWrite: boolean;
  /** Which attempt it was, from 1. */
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
  /** Whether the token came from a cache of the gateway's own, and none was got anew for this operation yet. */
  readonly canRefreshToken: boolean;
  /** Until the operation's deadline. */
  readonly timeLeftMs: number;
  /** Whether the process has repeats to spare. */
  readonly hasBudget: boolean;
  /** From 0 to 1, 1 excluded. */
  readonly chance: number;
}

/** Whether there is another attempt, or why there is none. */
export type RetryDecision =
  | {
      readonly kind: 'repeat';
      readonly reason: RepeatReason;
      readonly delayMs: number;
      readonly onNewConnection: boolean;
      readonly withFreshToken: boolean;
    }
  | { readonly kind: 'stop'; readonly because: 'final' | 'attempts' | 'budget' | 'time' };

const maximumAttempts = 3;
const firstDelayMs = 200;
const maximumDelayMs = 10_000;

/**
 * Decides whether an attempt may be followed by another. The rule above all: a write is repeated only where Graph
 * surely did not execute it; a delete may be, because a second one changes nothing.
 */
export function decideRetry(facts: RetryFacts): RetryDecision {
  const reason = reasonToRepeat(facts);
  if (reason === undefined) {
    return { kind: 'stop', because: 'final' };
  }
  if (facts.attempt >= maximumAttempts) {
    return { kind: 'stop', because: 'attempts' };
  }
  const delayMs = reason === 'unauthorized' ? 0 : delayMsOf(facts);
  if (delayMs >= facts.timeLeftMs) {
    return { kind: 'stop', because: 'time' };
  }
  if (!facts.hasBudget) {
    return { kind: 'stop', because: 'budget' };
  }
  return {
    kind: 'repeat',
    reason,
    delayMs,
    // The server behind the connection may be the one that is in trouble.
    onNewConnection: facts.outcome.kind === 'answered' && facts.outcome.status === 503,
    withFreshToken: reason === 'unauthorized',
  };
}

/** The table of what may be repeated; undefined for everything that is final. */
function reasonToRepeat(facts: RetryFacts): RepeatReason | undefined {
  const { outcome } = facts;
  const canBeExecutedTwice = !facts.isWrite || facts.method === 'DELETE';
  if (outcome.kind === 'failed') {
    switch (outcome.fault) {
      case 'not-connected':
        return 'not-connected';
      case 'broken':
        return canBeExecutedTwice ? 'broken' : undefined;
      default:
        return undefined;
    }
  }
  switch (outcome.status) {
    case 429:
      return 'throttled';
    case 503:
      return outcome.wasTurnedAway || canBeExecutedTwice ? 'unavailable' : undefined;
    case 500:
    case 502:
    case 504:
      return canBeExecutedTwice ? 'server-error' : undefined;
    case 401:
      return facts.canRefreshToken && !outcome.hasClaims ? 'unauthorized' : undefined;
    default:
      return undefined;
  }
}

/** What Graph asks for, but no less than full jitter would give: many may have been turned away at one moment. */
function delayMsOf({ outcome, attempt, chance }: RetryFacts): number {
  const ceilingMs = Math.min(maximumDelayMs, firstDelayMs * 2 ** (attempt - 1));
  const askedMs = (outcome.kind === 'answered' && outcome.retryAfterMs) || 0;
  return Math.max(askedMs, Math.round(chance * ceilingMs));
}
