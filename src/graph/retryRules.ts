import { refusalOf } from './errorBody.ts';
import { type AttemptFault, isGraphError } from './errors.ts';
import type { AttemptEnd, UpstreamOutcome } from './guards.ts';
import {
  type GraphOperation,
  type GraphResponse,
  isBesidePartners,
  isWrite,
  type RepeatReason,
} from './request.ts';

/** All that the decision depends on. */
export interface RetryFacts {
  readonly operation: GraphOperation;
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
type RetryDecision =
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
 * Decides whether an attempt may be followed by another. The rule above all: a write is repeated only if Graph
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
  const { operation, outcome } = facts;
  const canBeExecutedTwice = !isWrite(operation) || operation === 'delete';
  if (outcome.kind === 'failed') {
    if (outcome.fault === 'not-connected') {
      return 'not-connected';
    }
    return outcome.fault === 'broken' && canBeExecutedTwice ? 'broken' : undefined;
  }
  switch (outcome.status) {
    case 429:
      return 'throttled';
    case 503:
      return outcome.wasRejectedUnread || canBeExecutedTwice ? 'unavailable' : undefined;
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

/** What Graph asks for, but no less than full jitter would give: many may have been rejected at one moment. */
function delayMsOf({ outcome, attempt, chance }: RetryFacts): number {
  const ceilingMs = Math.min(maximumDelayMs, firstDelayMs * 2 ** (attempt - 1));
  const askedMs = (outcome.kind === 'answered' && outcome.retryAfterMs) || 0;
  return Math.max(askedMs, Math.round(chance * ceilingMs));
}

/** What became of one attempt, as far as repeating it is concerned. */
export type AttemptOutcome =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly retryAfterMs: number | undefined;
      readonly wasRejectedUnread: boolean;
      readonly hasClaims: boolean;
    }
  /** A failure that is none of Graph's has no fault and is never repeated. */
  | { readonly kind: 'failed'; readonly fault: AttemptFault | undefined };

/** Reads what matters from an answer that is no success, or from what was thrown. */
export function outcomeOf(
  end: { readonly response: GraphResponse } | { readonly error: unknown },
  nowMs: number,
): AttemptOutcome {
  if ('error' in end) {
    return { kind: 'failed', fault: isGraphError(end.error) ? end.error.details.fault : undefined };
  }
  const { retryAfterMs, wasRejectedUnread, claims } = refusalOf(end.response, nowMs);
  const { status } = end.response;
  return {
    kind: 'answered',
    status,
    retryAfterMs,
    wasRejectedUnread,
    hasClaims: claims !== undefined,
  };
}

/** Of what is repeated at all: an answer that turned the request away, and a connection never made, leave no doubt. */
export function mayHaveBeenExecuted(outcome: AttemptOutcome): boolean {
  return outcome.kind === 'failed'
    ? outcome.fault === 'broken'
    : outcome.status >= 500 && !outcome.wasRejectedUnread;
}

const longestReadMs = 8_000;
const longestLookMs = 3_000;

/**
 * How long one attempt may take, in milliseconds: a read leaves time for a repeat, an add leaves time to look whether
 * it came to pass. Undefined if only the operation's own deadline counts.
 */
export function attemptLimitMsOf(
  operation: GraphOperation,
  timeLeftMs: number,
): number | undefined {
  if (operation === 'add') {
    return timeLeftMs - Math.min(longestLookMs, timeLeftMs / 4);
  }
  return !isWrite(operation) && timeLeftMs > longestReadMs ? longestReadMs : undefined;
}

/**
 * What an attempt's end says of Graph: a 5xx, a timeout and a connection fault mean down, every other answer means up,
 * 4xx and 429 among them. A timeout says something only after `slowMs`: a caller in a hurry says nothing of the
 * upstream. What is down beside partners, such as the directory, must not close the way to partners.
 */
export function classifyEnd(
  operation: GraphOperation,
  end: AttemptEnd<GraphResponse>,
  slowMs: number,
): UpstreamOutcome {
  const outcome = 'answer' in end ? classifyStatus(end.answer.status) : classifyError(end, slowMs);
  return outcome === 'down' && isBesidePartners(operation) ? 'nothing' : outcome;
}

function classifyStatus(status: number): UpstreamOutcome {
  return status >= 500 && status !== 501 ? 'down' : 'up';
}

function classifyError(
  { error, durationMs }: { readonly error: unknown; readonly durationMs: number },
  slowMs: number,
): UpstreamOutcome {
  if (!isGraphError(error) || error.details.fault === 'queued') {
    return 'nothing';
  }
  if (error.code === 'timeout') {
    return durationMs >= slowMs ? 'down' : 'nothing';
  }
  switch (error.details.fault) {
    case 'not-connected':
    case 'untrusted':
    case 'proxy-credentials':
    case 'broken':
      return 'down';
    default:
      return error.code === 'badResponse' ? 'up' : 'nothing';
  }
}

const sharePerRequest = 0.1;
const perSecond = 3;
const maximum = 30;

/**
 * How many repeats a process has to spare: a share of the requests, and a few each second for quiet times. Without a
 * bound, repeats multiply the load that broke Graph. `now` gives milliseconds.
 */
export function createRetryBudget(now: () => number) {
  let balance = maximum;
  let countedAtMs = now();
  const add = (repeats: number): void => {
    balance = Math.min(maximum, balance + repeats);
  };
  return {
    /** Counts a request. */
    deposit: () => add(sharePerRequest),
    hasOne(): boolean {
      const nowMs = now();
      add((Math.max(0, nowMs - countedAtMs) / 1000) * perSecond);
      countedAtMs = nowMs;
      return balance >= 1;
    },
    take: () => add(-1),
  };
}
