import { jsonOf } from '../shared/json.ts';
import { readChallenge, readErrorBody } from './errorBody.ts';
import { type AttemptFault, isGraphError } from './errors.ts';
import { type GraphResponse, headerText, type RepeatReason } from './request.ts';
import type { GraphMethod } from './types.ts';

/** All that the decision depends on. */
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
      /** Whether it is a 503 that says when to come back. */
      readonly wasTurnedAway: boolean;
      readonly hasClaims: boolean;
    }
  | { readonly kind: 'failed'; readonly fault: AttemptFault | undefined };

/** Reads what matters from an answer. */
export function outcomeOfResponse(response: GraphResponse, nowMs: number): AttemptOutcome {
  const isSuccess = response.status < 300;
  return {
    kind: 'answered',
    status: response.status,
    retryAfterMs: isSuccess ? undefined : retryAfterMsOf(response, nowMs),
    wasTurnedAway: wasTurnedAway(response, nowMs),
    hasClaims: readChallenge(response.headers['www-authenticate']).claims !== undefined,
  };
}

/** Reads what matters from a failure; one that is none of Graph's has no fault and is never repeated. */
export function outcomeOfError(error: unknown): AttemptOutcome {
  return { kind: 'failed', fault: isGraphError(error) ? error.details.fault : undefined };
}

const httpDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Reads a `Retry-After` header as milliseconds from now: seconds with or without decimals (Graph sends both) or an
 * HTTP date, one in the past counting as zero. Undefined if it is missing or makes no sense.
 */
export function parseRetryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}(\.\d+)?$/.test(text)) {
    return Math.ceil(Number(text) * 1000);
  }
  if (httpDate.test(text)) {
    const atMs = Date.parse(text);
    return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
  }
  return undefined;
}

/** How long to hold back after a 429 that does not say; Graph often leaves it out. */
const assumedPauseMs = 1000;

/** How long a 429 asks to hold back, in milliseconds. */
export function throttlePauseMsOf(response: GraphResponse, nowMs: number): number {
  return retryAfterMsOf(response, nowMs) ?? assumedPauseMs;
}

/** When an answer asks to come back, in milliseconds from now: its header says so, or Intune's own error does. */
export function retryAfterMsOf(response: GraphResponse, nowMs: number): number | undefined {
  return (
    headerRetryAfterMs(response, nowMs) ??
    parseRetryAfterMs(readErrorBody(jsonOf(response))?.retryAfter, nowMs)
  );
}

/**
 * Whether Graph's front door turned the request away before anything was done with it: a 503 whose header says when to
 * come back. A word of Intune's behind the door does not count.
 */
export function wasTurnedAway(response: GraphResponse, nowMs: number): boolean {
  return response.status === 503 && headerRetryAfterMs(response, nowMs) !== undefined;
}

function headerRetryAfterMs(response: GraphResponse, nowMs: number): number | undefined {
  return parseRetryAfterMs(headerText(response, 'retry-after'), nowMs);
}

/** Of what is repeated at all: an answer that turned the request away, and a connection never made, leave no doubt. */
export function mayHaveBeenExecuted(outcome: AttemptOutcome): boolean {
  if (outcome.kind === 'failed') {
    return outcome.fault === 'broken';
  }
  return outcome.status >= 500 && !outcome.wasTurnedAway;
}

/** How many repeats there are to spare: a share of the requests, and a few each second for quiet times. */
interface RetryBudget {
  /** Counts a request, of which a share is added. */
  deposit(): void;
  /** Whether a repeat can be taken. */
  hasOne(): boolean;
  /** Takes a repeat. */
  take(): void;
}

const sharePerRequest = 0.1;
const perSecond = 3;
const maximum = 30;

/** Makes the budget of one process; `now` gives milliseconds. Without one, repeats multiply the load that broke Graph. */
export function createRetryBudget(now: () => number): RetryBudget {
  let balance = maximum;
  let countedAtMs = now();
  const add = (repeats: number): void => {
    balance = Math.min(maximum, balance + repeats);
  };
  return {
    deposit: () => add(sharePerRequest),
    hasOne() {
      const nowMs = now();
      add((Math.max(0, nowMs - countedAtMs) / 1000) * perSecond);
      countedAtMs = nowMs;
      return balance >= 1;
    },
    take: () => add(-1),
  };
}
