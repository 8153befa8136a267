import type { Clock } from '../shared/clock.ts';
import type { Log } from '../telemetry/log.ts';
import { GraphError, isGraphError, pauseFor } from './errors.ts';
import type { GraphRequest, GraphResponse, Policy, Send } from './request.ts';
import {
  type AttemptOutcome,
  decideRetry,
  outcomeOfError,
  outcomeOfResponse,
  type RetryDecision,
} from './retryRules.ts';
import { isWrite, methodOf } from './types.ts';

/** What the repeats of a process share. */
export interface RetryParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly budget: RetryBudget;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  /** Whether tokens come from a cache of the gateway's own, so that a refused one can be replaced. */
  readonly hasOwnTokens: boolean;
}

/** Attempts again what the decision says may be attempted again, within the operation's time. */
export function createRetry(parts: RetryParts): Policy {
  return (request, next) => new Attempts(parts, request, next).run();
}

/** One attempt's end: an answer, or what was thrown. */
type Ending = { readonly response: GraphResponse } | { readonly error: unknown };

class Attempts {
  readonly #parts: RetryParts;
  readonly #next: Send;
  #request: GraphRequest;
  #attempt = 1;
  /** Whether an attempt that was followed by another may have been executed. */
  #isInDoubt = false;
  #hasRefreshed = false;

  constructor(parts: RetryParts, request: GraphRequest, next: Send) {
    this.#parts = parts;
    this.#request = request;
    this.#next = next;
  }

  async run(): Promise<GraphResponse> {
    this.#parts.budget.deposit();
    for (;;) {
      const ending = await this.#attemptOnce();
      const outcome = this.#outcomeOf(ending);
      const decision = this.#decide(outcome);
      if (decision.kind === 'stop') {
        this.#logEnd(decision.because);
        return this.#conclude(ending);
      }
      await this.#prepare(decision, outcome);
    }
  }

  #attemptOnce(): Promise<Ending> {
    return this.#next({ ...this.#request, attempt: this.#attempt }).then(
      (response) => ({ response }),
      (error: unknown) => ({ error }),
    );
  }

  #outcomeOf(ending: Ending): AttemptOutcome {
    return 'response' in ending
      ? outcomeOfResponse(ending.response, this.#parts.clock.now())
      : outcomeOfError(ending.error);
  }

  #decide(outcome: AttemptOutcome): RetryDecision {
    const { clock, budget, chance, hasOwnTokens } = this.#parts;
    const { operation, call } = this.#request;
    return decideRetry({
      method: methodOf(operation),
      isWrite: isWrite(operation),
      attempt: this.#attempt,
      outcome,
      canRefreshToken: hasOwnTokens && !this.#hasRefreshed,
      timeLeftMs: call.deadlineMs - clock.now(),
      hasBudget: budget.hasOne(),
      chance: chance(),
    });
  }

  async #prepare(
    decision: Extract<RetryDecision, { kind: 'repeat' }>,
    outcome: AttemptOutcome,
  ): Promise<void> {
    const { clock, log, budget } = this.#parts;
    const { operation, call } = this.#request;
    const { reason, delayMs, onNewConnection, withFreshToken } = decision;
    budget.take();
    this.#hasRefreshed ||= withFreshToken;
    this.#isInDoubt ||= isWrite(operation) && mayHaveBeenExecuted(outcome);
    log.info('Microsoft Graph is asked again', {
      requestId: call.requestId,
      traceId: call.trail?.traceId,
      operation,
      attempt: this.#attempt + 1,
      reason,
      delayMs,
    });
    await pauseFor(clock, delayMs, call.signal).catch((error: unknown) => {
      throw this.#inDoubt(error);
    });
    this.#attempt += 1;
    this.#request = { ...this.#request, repeatReason: reason, onNewConnection, withFreshToken };
  }

  #logEnd(because: Extract<RetryDecision, { kind: 'stop' }>['because']): void {
    if (because !== 'final') {
      const { operation, call } = this.#request;
      this.#parts.log.warn('Microsoft Graph is not asked again', {
        requestId: call.requestId,
        traceId: call.trail?.traceId,
        operation,
        attempt: this.#attempt,
        reason: because,
      });
    }
  }

  #conclude(ending: Ending): GraphResponse {
    if ('error' in ending) {
      throw this.#inDoubt(ending.error);
    }
    return this.#isInDoubt ? { ...ending.response, isAfterDoubt: true } : ending.response;
  }

  /** The last attempt may not have reached Graph at all; an earlier one may have been executed all the same. */
  #inDoubt(error: unknown): unknown {
    if (!this.#isInDoubt || !isGraphError(error) || error.mayHaveBeenApplied) {
      return error;
    }
    return new GraphError(error.code, error.message, {
      ...error.details,
      mayHaveBeenApplied: true,
    });
  }
}

/** Of what is repeated at all: an answer that turned the request away, and a connection never made, leave no doubt. */
function mayHaveBeenExecuted(outcome: AttemptOutcome): boolean {
  if (outcome.kind === 'failed') {
    return outcome.fault === 'broken';
  }
  return outcome.status >= 500 && !outcome.wasTurnedAway;
}

/** How many repeats there are to spare: a share of the requests, and a few each second for quiet times. */
export interface RetryBudget {
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
