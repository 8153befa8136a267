import { EndController } from '../shared/abort.ts';
import type { UpstreamOutcome } from '../shared/circuitBreaker.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { readBody, readRefused } from './body.ts';
import type { GraphBudget } from './budget.ts';
import type { Credentials, TenantKeys } from './credentials.ts';
import { throttlePauseMsOf } from './errorBody.ts';
import {
  abortErrorOf,
  GraphError,
  GraphRejectedLocallyError,
  isGraphError,
  sleep,
  untilEnded,
} from './errors.ts';
import { createGuards } from './guards.ts';
import { startAttemptReport } from './observe.ts';
import type {
  EndReason,
  GraphAttempt,
  GraphRequest,
  GraphResponse,
  Send,
  Transport,
} from './request.ts';
import {
  attemptLimitMsOf,
  classifyEnd,
  createRetryBudget,
  decideRetry,
  mayHaveBeenExecuted,
  outcomeOf,
} from './retryRules.ts';
import { requireDestination } from './routes.ts';
import { isBesidePartners, isWrite } from './types.ts';

export interface SendOptions {
  /** Graph's root with the version; no request goes anywhere else. */
  readonly base: URL;
  /** Requests at the same time. */
  readonly concurrency: number;
  /** Requests that may wait for their turn. */
  readonly queue: number;
  /** How long no request is sent once Graph is known to be down. */
  readonly breakerOpenMs: number;
  /** How long an attempt must have lasted for its timeout to count against Graph. */
  readonly slowMs: number;
}

export interface SendParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly measurements: Pick<
    Measurements,
    'attempt' | 'inFlight' | 'rejectedLocally' | 'breakerState'
  >;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  readonly credentials: Credentials;
  readonly budget: GraphBudget;
  readonly tenantKeys: TenantKeys;
  readonly transport: Transport;
}

/** What has to be left of the operation's time: a write that is cut off at the deadline would be in doubt. */
const exchangeMs = 500;

/**
 * Makes the one way of sending to Graph. Each attempt passes in this order: budget, token, breaker, concurrency limit,
 * exchange, verdict. What waits for a repeat holds no place, and each attempt has a token of its own. Rejects with the
 * GraphError family.
 */
export function createSend(options: SendOptions, parts: SendParts): Send {
  const { base, slowMs } = options;
  const { clock, log, measurements, chance, credentials, budget, tenantKeys, transport } = parts;
  const retryBudget = createRetryBudget(clock.now);
  const { circuit, places } = createGuards('graph', options, parts, (signal) =>
    abortErrorOf(signal, false, 'queued'),
  );

  /** Attempts until the rules say stop, within the operation's time. */
  async function send(request: GraphRequest): Promise<GraphResponse> {
    requireDestination(request.url, base);
    retryBudget.deposit();
    const { operation, call } = request;
    let attempt: GraphAttempt = { ...request, number: 1 };
    let isInDoubt = false;
    let hasRefreshed = false;
    for (;;) {
      const end = await attemptOnce(attempt).then(
        (response) => ({ response }),
        (error: unknown) => ({ error }),
      );
      if ('response' in end && end.response.status < 300) {
        return conclude(end, isInDoubt);
      }
      const outcome = outcomeOf(end, clock.now());
      const decision = decideRetry({
        operation,
        attempt: attempt.number,
        outcome,
        canRefreshToken: credentials.hasOwnTokens && !hasRefreshed,
        timeLeftMs: call.deadlineMs - clock.now(),
        hasBudget: retryBudget.hasOne(),
        chance: chance(),
      });
      const labels = { requestId: call.requestId, traceId: call.trace?.traceId, operation };
      if (decision.kind === 'stop') {
        if (decision.because !== 'final') {
          const why = { ...labels, attempt: attempt.number, reason: decision.because };
          log.warn('The call of Microsoft Graph is not retried', why);
        }
        return conclude(end, isInDoubt);
      }
      const { reason, delayMs, onNewConnection, withFreshToken } = decision;
      const number = attempt.number + 1;
      retryBudget.take();
      hasRefreshed ||= withFreshToken;
      isInDoubt ||= isWrite(operation) && mayHaveBeenExecuted(outcome);
      const next = { ...labels, attempt: number, reason, delayMs };
      log.info('The call of Microsoft Graph is retried', next);
      await sleep(clock, delayMs, call.signal).catch((error: unknown) => {
        throw isInDoubt ? asInDoubt(error) : error;
      });
      attempt = { ...request, number, repeatReason: reason, onNewConnection, withFreshToken };
    }
  }

  async function attemptOnce(attempt: GraphAttempt): Promise<GraphResponse> {
    const { call, operation, withFreshToken = false } = attempt;
    const tenantKey = tenantKeys.keyOf(call);
    const waiting = spendBudget(attempt, tenantKey);
    if (waiting !== undefined) {
      await waiting;
    }
    const found = credentials.tokenFor(call, { withFreshToken });
    const token = found instanceof Promise ? await untilEnded(call.signal, found) : found;
    const response = await exchangeGuarded(attempt, token.reveal());
    const { status, refusal } = response;
    if (status === 429 && refusal !== undefined && !isBesidePartners(operation)) {
      const pauseMs = throttlePauseMsOf(refusal);
      if (pauseMs > 0) {
        await budget.pause(tenantKey, pauseMs);
      }
    }
    // A 429 or a 5xx can come before the token was looked at, and a 404 from something in between. The 200 around a
    // batch says nothing of its items.
    if (status < 300 && operation !== 'getMany' && operation !== 'getFilters') {
      tenantKeys.accept(call);
    } else if (status === 401) {
      tenantKeys.reject(call);
    }
    return response;
  }

  /** Counts the request towards Graph's limits; waits until they have room. */
  function spendBudget(attempt: GraphAttempt, key: string): Promise<void> | undefined {
    const { call, operation, cost = 1 } = attempt;
    if (call.signal.aborted) {
      throw abortErrorOf(call.signal);
    }
    const waiting = budget.acquire({
      key,
      requests: cost,
      isWrite: isWrite(operation),
      timeLeftMs: call.deadlineMs - clock.now() - exchangeMs,
      signal: call.signal,
    });
    return waiting?.catch((error: unknown) => {
      if (error instanceof GraphRejectedLocallyError) {
        measurements.rejectedLocally('budget', 'graph');
      }
      throw error;
    });
  }

  /** An exchange behind the breaker and in a place; what both learn is how it ended. */
  async function exchangeGuarded(attempt: GraphAttempt, token: string): Promise<GraphResponse> {
    const { call, operation } = attempt;
    const pass = circuit.enter();
    const startedMs = clock.now();
    let outcome: UpstreamOutcome = 'nothing';
    let hasPlace = false;
    try {
      // What was sent may have to finish a write, so only the wait for a place ends with the signal.
      hasPlace = places.tryEnter(call.signal);
      if (!hasPlace) {
        await places.enter(call.signal);
        hasPlace = true;
        // After a stop of the whole process, a place can come free before the timers have ended what waited for it.
        if (clock.now() >= call.deadlineMs) {
          throw abortErrorOf({ reason: 'deadline' satisfies EndReason }, false, 'queued');
        }
      }
      const answer = await exchange(attempt, token);
      outcome = classifyEnd(operation, { answer }, slowMs);
      return answer;
    } catch (error) {
      outcome = classifyEnd(operation, { error, durationMs: clock.now() - startedMs }, slowMs);
      throw error;
    } finally {
      if (hasPlace) {
        places.leave();
      }
      circuit.leave(pass, outcome);
    }
  }

  /** One request and its answer, in the attempt's own time, with one measurement and one span. */
  async function exchange(attempt: GraphAttempt, token: string): Promise<GraphResponse> {
    const { call, operation } = attempt;
    const limitMs = attemptLimitMsOf(operation, call.deadlineMs - clock.now());
    const limit = limitMs === undefined ? undefined : new EndController();
    const stopTimer = limit && clock.startTimer(limitMs ?? 0, () => limit.abort());
    const report = startAttemptReport(attempt, parts);
    try {
      const headers = {
        ...attempt.headers,
        // One request can be followed from the caller's edge through Graph's logs.
        'client-request-id': call.requestId,
        ...(call.traceparent !== undefined && { traceparent: call.traceparent }),
        ...report.headers,
        authorization: `Bearer ${token}`,
      };
      const read = readBody(attempt, await transport(attempt, headers, limit));
      const answer = read instanceof Promise ? await read : read;
      const response = answer.status < 300 ? answer : readRefused(answer, token, clock.now());
      report.answered(response);
      return response;
    } catch (error) {
      report.failed(error);
      throw error;
    } finally {
      stopTimer?.();
    }
  }

  return send;
}

function conclude(
  end: { readonly response: GraphResponse } | { readonly error: unknown },
  isInDoubt: boolean,
): GraphResponse {
  if ('error' in end) {
    throw isInDoubt ? asInDoubt(end.error) : end.error;
  }
  return isInDoubt ? { ...end.response, isAfterDoubt: true } : end.response;
}

/** The last attempt may not have reached Graph at all; an earlier one may have been executed. */
function asInDoubt(error: unknown): unknown {
  if (!isGraphError(error) || error.mayHaveBeenApplied) {
    return error;
  }
  return new GraphError(error.code, error.message, { ...error.details, mayHaveBeenApplied: true });
}
