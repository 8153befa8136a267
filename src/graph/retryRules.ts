import { isGraphError } from './errors.ts';
import type { AttemptEnd, UpstreamOutcome } from './guards.ts';
import {
  type GraphAttempt,
  type GraphOperation,
  type GraphResponse,
  isBesidePartners,
  isWrite,
} from './request.ts';

/** All that the decision depends on. */
interface RetryFacts {
  readonly operation: GraphOperation;
  /** Which attempt it was, from 1. */
  readonly attempt: number;
  /** How it ended: with an answer that is no success, whose refusal was read, or with an error. */
  readonly end: { readonly answer: GraphResponse } | { readonly error: unknown };
  /** Whether the token came from a cache of the gateway's own, and none was got anew for this operation yet. */
  readonly canRefreshToken: boolean;
  /** Until the operation's deadline. */
  readonly timeLeftMs: number;
  /** Whether the process has repeats to spare. */
  readonly hasBudget: boolean;
  /** From 0 to 1, 1 excluded. */
  readonly chance: number;
}

type RepeatReason = NonNullable<GraphAttempt['repeatReason']>;

const maximumAttempts = 3;
const firstDelayMs = 200;

/**
 * Decides whether an attempt may be followed by another, or why there is none. The rule above all: a write is repeated
 * only if Graph surely did not execute it; a delete may be, because a second one changes nothing.
 */
export function decideRetry(facts: RetryFacts) {
  const { operation, end } = facts;
  const stop = (because: 'final' | 'attempts' | 'time' | 'budget') =>
    ({ kind: 'stop', because }) as const;
  const reason = reasonToRepeat(facts);
  if (reason === undefined) {
    return stop('final');
  }
  if (facts.attempt >= maximumAttempts) {
    return stop('attempts');
  }
  const delayMs = reason === 'unauthorized' ? 0 : delayMsOf(facts);
  if (delayMs >= facts.timeLeftMs) {
    return stop('time');
  }
  if (!facts.hasBudget) {
    return stop('budget');
  }
  return {
    kind: 'repeat',
    reason,
    delayMs,
    // The server behind the connection may be the one that is in trouble.
    onNewConnection: 'answer' in end && end.answer.status === 503,
    withFreshToken: reason === 'unauthorized',
    // An answer that turned the request away, and a connection that was never made, leave no doubt.
    leavesDoubt: isWrite(operation) && mayHaveBeenExecuted(end),
  } as const;
}

function mayHaveBeenExecuted(end: RetryFacts['end']): boolean {
  return 'error' in end
    ? faultOf(end.error) === 'broken'
    : end.answer.status >= 500 && end.answer.refusal?.wasRejectedUnread !== true;
}

/** A failure that is none of Graph's has no fault and is never repeated. */
function faultOf(error: unknown) {
  return isGraphError(error) ? error.details.fault : undefined;
}

/** The table of what may be repeated; undefined for everything that is final. */
function reasonToRepeat({ operation, end, canRefreshToken }: RetryFacts): RepeatReason | undefined {
  const canBeExecutedTwice = !isWrite(operation) || operation === 'delete';
  if ('error' in end) {
    const fault = faultOf(end.error);
    if (fault === 'not-connected') {
      return fault;
    }
    return fault === 'broken' && canBeExecutedTwice ? fault : undefined;
  }
  const { status, refusal } = end.answer;
  switch (status) {
    case 429:
      return 'throttled';
    case 503:
      return refusal?.wasRejectedUnread || canBeExecutedTwice ? 'unavailable' : undefined;
    case 500:
    case 502:
    case 504:
      return canBeExecutedTwice ? 'server-error' : undefined;
    case 401:
      return canRefreshToken && refusal?.claims === undefined ? 'unauthorized' : undefined;
    default:
      return undefined;
  }
}

/** What Graph asks for, but no less than full jitter would give: many may have been rejected at one moment. */
function delayMsOf({ end, attempt, chance }: RetryFacts): number {
  const ceilingMs = firstDelayMs * 2 ** (attempt - 1);
  const askedMs = ('answer' in end && end.answer.refusal?.retryAfterMs) || 0;
  return Math.max(askedMs, Math.round(chance * ceilingMs));
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
  const fault = faultOf(error);
  if (!isGraphError(error) || fault === 'queued') {
    return 'nothing';
  }
  if (error.code === 'timeout') {
    return durationMs >= slowMs ? 'down' : 'nothing';
  }
  if (fault !== undefined && fault !== 'ended') {
    return 'down';
  }
  return error.code === 'badResponse' ? 'up' : 'nothing';
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
