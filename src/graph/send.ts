import { type Clock, EndController } from '../shared/clock.ts';
import { errnoCodeOf } from '../shared/forms.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import type { GraphBudget } from './budget.ts';
import type { Credentials, TenantKeys } from './credentials.ts';
import { throttlePauseMsOf } from './errorBody.ts';
import {
  abortErrorOf,
  type EndReason,
  GraphError,
  isConfigurationFault,
  isGraphError,
  sleep,
  untilEnded,
} from './errors.ts';
import { createGuards } from './guards.ts';
import { readResponse } from './readAnswer.ts';
import {
  type GraphAttempt,
  type GraphRequest,
  type GraphResponse,
  headerText,
  isBesidePartners,
  isWrite,
  operations,
  requireDestination,
  safeIdOf,
} from './request.ts';
import { attemptLimitMsOf, classifyEnd, createRetryBudget, decideRetry } from './retryRules.ts';
import type { createTransport } from './transport.ts';

interface SendParts extends Omit<Parameters<typeof createGuards>[1], 'ended'> {
  /** Graph's root with the version; no request goes anywhere else. */
  readonly base: URL;
  /** How long an attempt must have lasted for its timeout to count against Graph. */
  readonly slowMs: number;
  readonly clock: Clock;
  readonly measurements: Pick<
    Measurements,
    'attempt' | 'inFlight' | 'rejectedLocally' | 'breakerState'
  >;
  readonly credentials: Credentials;
  readonly budget: GraphBudget;
  readonly tenantKeys: TenantKeys;
  readonly transport: ReturnType<typeof createTransport>;
}

/** What has to be left of the operation's time: a write that is cut off at the deadline would be in doubt. */
const exchangeMs = 500;

/**
 * Makes the one way of sending to Graph. Each attempt passes in this order: budget, token, breaker, concurrency limit,
 * exchange, verdict. What waits for a repeat holds no place, and each attempt has a token of its own. Rejects with
 * GraphErrors.
 */
export function createSend(parts: SendParts) {
  const { base, slowMs, clock, log, measurements, chance } = parts;
  const { credentials, budget, tenantKeys, transport } = parts;
  const retryBudget = createRetryBudget(clock.now);
  const { circuit, places } = createGuards('graph', {
    ...parts,
    ended: (signal) => abortErrorOf(signal, false, 'queued'),
  });

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
        (answer) => ({ answer }),
        (error: unknown) => ({ error }),
      );
      if ('answer' in end && end.answer.status < 300) {
        return conclude(end, isInDoubt);
      }
      const decision = decideRetry({
        operation,
        attempt: attempt.number,
        end,
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
      const { reason, delayMs, onNewConnection, withFreshToken, leavesDoubt } = decision;
      const number = attempt.number + 1;
      retryBudget.take();
      hasRefreshed ||= withFreshToken;
      isInDoubt ||= leavesDoubt;
      const next = { ...labels, attempt: number, reason, delayMs };
      log.info('The call of Microsoft Graph is retried', next);
      await sleep(clock, delayMs, call.signal).catch((error: unknown) => {
        throw isInDoubt ? asInDoubt(error) : error;
      });
      attempt = { ...request, number, repeatReason: reason, onNewConnection, withFreshToken };
    }
  }

  async function attemptOnce(attempt: GraphAttempt): Promise<GraphResponse> {
    const { call, operation, cost = 1, withFreshToken = false } = attempt;
    if (call.signal.aborted) {
      throw abortErrorOf(call.signal);
    }
    const tenantKey = tenantKeys.keyOf(call);
    const waiting = budget.acquire({
      key: tenantKey,
      requests: cost,
      isWrite: isWrite(operation),
      timeLeftMs: call.deadlineMs - clock.now() - exchangeMs,
      signal: call.signal,
    });
    if (waiting !== undefined) {
      await waiting.catch(countIfThrottled);
    }
    const found = credentials.tokenFor(call, { withFreshToken });
    const token = found instanceof Promise ? await untilEnded(call.signal, found) : found;
    // What was sent may have to finish a write, so only the wait for a place ends with the signal.
    const inPlace = (): Promise<GraphResponse> => {
      // After a stop of the whole process, work can go on before the timers have ended it.
      if (clock.now() >= call.deadlineMs) {
        throw abortErrorOf({ reason: 'deadline' satisfies EndReason }, false, 'queued');
      }
      return exchange(attempt, token.reveal());
    };
    const response = await circuit.run(
      () => places.run(call.signal, inPlace),
      (end) => classifyEnd(operation, end, slowMs),
    );
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

  function countIfThrottled(error: unknown): never {
    if (isGraphError(error) && error.code === 'throttled') {
      measurements.rejectedLocally('budget', 'graph');
    }
    throw error;
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
        accept: 'application/json',
        // One layer less to bomb: an encoded answer would have to be unpacked within a bound.
        'accept-encoding': 'identity',
        ...(attempt.body !== undefined && { 'content-type': 'application/json' }),
        // One request can be followed from the caller's edge through Graph's logs.
        'client-request-id': call.requestId,
        ...(call.traceparent !== undefined && { traceparent: call.traceparent }),
        ...report.headers,
        authorization: `Bearer ${token}`,
      };
      const answer = await transport(attempt, headers, limit);
      const response = await readResponse(attempt, answer, token, clock.now);
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
  end: { readonly answer: GraphResponse } | { readonly error: unknown },
  isInDoubt: boolean,
): GraphResponse {
  if ('error' in end) {
    throw isInDoubt ? asInDoubt(end.error) : end.error;
  }
  return isInDoubt ? { ...end.answer, isAfterDoubt: true } : end.answer;
}

/** The last attempt may not have reached Graph at all; an earlier one may have been executed. */
function asInDoubt(error: unknown): unknown {
  if (!isGraphError(error) || error.mayHaveBeenApplied) {
    return error;
  }
  return new GraphError(error.code, error.message, { ...error.details, mayHaveBeenApplied: true });
}

/**
 * Begins the report of one attempt: one measurement, one span, and a log line unless it succeeded. Exactly one of its
 * ends has to be called.
 */
function startAttemptReport(attempt: GraphAttempt, { clock, log, measurements }: SendParts) {
  const { call, operation, number, repeatReason } = attempt;
  const startedMs = clock.now();
  const { method, route } = operations[operation];
  const labels = { method, route, attempt: number, repeatReason };
  const trace = call.trace?.startAttempt({ operation, ...labels });
  measurements.inFlight(1);

  /** Takes the measurement and ends the span; gives what log lines say of the attempt. */
  function end(measured: { status: number } | { errorType: string }, found: object) {
    const durationMs = clock.now() - startedMs;
    measurements.attempt({ ...labels, ...measured, durationMs });
    measurements.inFlight(-1);
    trace?.end({ ...found, ...measured, durationMs });
    return {
      requestId: call.requestId,
      traceId: call.trace?.traceId,
      operation,
      method,
      route,
      attempt: number,
      reason: repeatReason,
      durationMs,
      // A write that finishes after its caller left is still reported here.
      hasCallerLeft: call.signal.reason === 'callerLeft' ? true : undefined,
      ...found,
    };
  }

  return {
    /** The attempt's own trace context, if there are traces. */
    headers: trace?.headers,
    answered(response: GraphResponse): void {
      const { status } = response;
      const graphRequestId = safeIdOf(headerText(response, 'request-id'));
      const graphClientRequestId = safeIdOf(headerText(response, 'client-request-id'));
      const facts = end({ status }, { status, graphRequestId, graphClientRequestId });
      // The request's own line says all of it; what an operator may look for by itself has a line of its own.
      const isPlain = status < 300 && facts.hasCallerLeft !== true;
      log[isPlain ? 'debug' : 'info']('Microsoft Graph answered', facts);
    },
    failed(error: unknown): void {
      if (!isGraphError(error)) {
        const code = 'unexpected';
        log.warn(unanswered, end({ errorType: code }, { code }));
        return;
      }
      const { code, mayHaveBeenApplied, details } = error;
      const { answer, fault } = details;
      const found = {
        status: answer?.status,
        graphRequestId: answer?.requestId,
        graphClientRequestId: answer?.clientRequestId,
        mayHaveBeenApplied,
        fault,
        // Of the fault underneath, such as ECONNRESET; its message could name hosts.
        systemCode: errnoCodeOf(error.cause),
        code,
      };
      const facts = end({ errorType: code }, found);
      if (isConfigurationFault(error)) {
        log.error(`Configuration fault: ${error.message}`, facts);
      } else {
        log.warn(unanswered, facts);
      }
    },
  };
}

const unanswered = 'Microsoft Graph gave no answer';
