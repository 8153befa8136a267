import { EndController } from '../shared/abort.ts';
import {
  type AttemptEnd,
  type Circuit,
  createCircuit,
  type UpstreamOutcome,
} from '../shared/circuitBreaker.ts';
import type { Clock } from '../shared/clock.ts';
import { type ConcurrencyLimit, createConcurrencyLimit } from '../shared/concurrencyLimit.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { readBody } from './body.ts';
import type { GraphBudget } from './budget.ts';
import type { Credentials } from './credentials.ts';
import {
  abortErrorOf,
  GraphError,
  GraphRejectedLocallyError,
  isGraphError,
  sleep,
  untilEnded,
} from './errors.ts';
import { startAttemptReport } from './observe.ts';
import { redactToken } from './redactToken.ts';
import type {
  EndReason,
  GraphAttempt,
  GraphRequest,
  GraphResponse,
  Send,
  Transport,
} from './request.ts';
import {
  createRetryBudget,
  decideRetry,
  mayHaveBeenExecuted,
  outcomeOfError,
  outcomeOfResponse,
  throttlePauseMsOf,
} from './retryRules.ts';
import { requireDestination } from './routes.ts';
import type { TenantKeys } from './tenantKeys.ts';
import { isBesidePartners, isWrite, methodOf } from './types.ts';

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
  readonly measurements: Pick<Measurements, 'attempt' | 'underWay' | 'heldBack' | 'breakerState'>;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  readonly credentials: Credentials;
  readonly budget: GraphBudget;
  readonly tenantKeys: TenantKeys;
  readonly transport: Transport;
}

/**
 * Makes the one way of sending to Graph. Each attempt passes in this order: budget, token, breaker, concurrency limit,
 * exchange, verdict. What waits for a repeat holds no place, and each attempt has a token of its own. Rejects with the
 * GraphError family.
 */
export function createSend(options: SendOptions, parts: SendParts): Send {
  const { base, slowMs } = options;
  const { clock, log, measurements, chance, credentials, budget, tenantKeys, transport } = parts;
  const retryBudget = createRetryBudget(clock.now);
  const circuit = createGraphCircuit(options, parts);
  const places = createPlaces(options, parts);

  /** Attempts until the rules say stop, within the operation's time. */
  async function send(request: GraphRequest): Promise<GraphResponse> {
    requireDestination(request.url, base);
    retryBudget.deposit();
    const { operation, call } = request;
    const labels = { requestId: call.requestId, traceId: call.trace?.traceId, operation };
    let attempt: GraphAttempt = { ...request, headers: tracedHeaders(request), number: 1 };
    let isInDoubt = false;
    let hasRefreshed = false;
    for (;;) {
      const ending = await endingOf(attemptOnce(attempt));
      const outcome =
        'response' in ending
          ? outcomeOfResponse(ending.response, clock.now())
          : outcomeOfError(ending.error);
      const decision = decideRetry({
        method: methodOf(operation),
        isWrite: isWrite(operation),
        attempt: attempt.number,
        outcome,
        canRefreshToken: credentials.hasOwnTokens && !hasRefreshed,
        timeLeftMs: call.deadlineMs - clock.now(),
        hasBudget: retryBudget.hasOne(),
        chance: chance(),
      });
      if (decision.kind === 'stop') {
        if (decision.because !== 'final') {
          const why = { ...labels, attempt: attempt.number, reason: decision.because };
          log.warn('The call of Microsoft Graph is not retried', why);
        }
        return conclude(ending, isInDoubt);
      }
      const { reason, delayMs, onNewConnection, withFreshToken } = decision;
      const number = attempt.number + 1;
      retryBudget.take();
      hasRefreshed ||= withFreshToken;
      isInDoubt ||= isWrite(operation) && mayHaveBeenExecuted(outcome);
      log.info('The call of Microsoft Graph is retried', {
        ...labels,
        attempt: number,
        reason,
        delayMs,
      });
      await sleep(clock, delayMs, call.signal).catch((error: unknown) => {
        throw isInDoubt ? asInDoubt(error) : error;
      });
      attempt = { ...attempt, number, repeatReason: reason, onNewConnection, withFreshToken };
    }
  }

  async function attemptOnce(attempt: GraphAttempt): Promise<GraphResponse> {
    const { call, operation, cost = 1, withFreshToken = false } = attempt;
    const { signal } = call;
    const tenantKey = tenantKeys.keyOf(call);
    if (signal.aborted || !budget.tryAcquire(tenantKey, cost, isWrite(operation))) {
      await waitForBudget(attempt, tenantKey);
    }
    const found = credentials.tokenFor(call, { withFreshToken });
    const token = found instanceof Promise ? await untilEnded(signal, found) : found;
    const response = await exchangeGuarded(attempt, token.reveal());
    const isThrottled = response.status === 429 && !isBesidePartners(operation);
    const pauseMs = isThrottled ? throttlePauseMsOf(response, clock.now()) : 0;
    if (pauseMs > 0) {
      await budget.pause(tenantKey, pauseMs);
    }
    noteToken(response.status, attempt);
    return response;
  }

  /** Waits until Graph's limits have room. */
  async function waitForBudget(attempt: GraphAttempt, key: string): Promise<void> {
    const { call, operation, cost = 1 } = attempt;
    try {
      await budget.acquire({
        key,
        requests: cost,
        isWrite: isWrite(operation),
        timeLeftMs: call.deadlineMs - clock.now() - exchangeMs,
        signal: call.signal,
      });
    } catch (error) {
      if (error instanceof GraphRejectedLocallyError) {
        measurements.heldBack('budget', 'graph');
      }
      throw error;
    }
  }

  /** After a stop of the whole process, a place can come free before the timers have ended what waited for it. */
  function requireTimeLeft({ call }: GraphAttempt): void {
    if (clock.now() >= call.deadlineMs) {
      throw abortErrorOf({ reason: 'deadline' satisfies EndReason }, false, 'queued');
    }
  }

  /** An exchange behind the breaker and in a place; what both learn is how it ended. */
  async function exchangeGuarded(attempt: GraphAttempt, token: string): Promise<GraphResponse> {
    const { signal } = attempt.call;
    const pass = circuit.enter();
    const startedMs = clock.now();
    let outcome: UpstreamOutcome = 'nothing';
    let hasPlace = false;
    try {
      // What was sent may have to finish a write, so only the wait for a place ends with the signal.
      hasPlace = places.tryEnter(signal);
      if (!hasPlace) {
        await places.enter(signal);
        hasPlace = true;
        requireTimeLeft(attempt);
      }
      const answer = await exchange(attempt, token);
      outcome = outcomeFor(attempt, classifyEnd({ answer }, slowMs));
      return answer;
    } catch (error) {
      outcome = outcomeFor(
        attempt,
        classifyEnd({ error, durationMs: clock.now() - startedMs }, slowMs),
      );
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
    const limitMs = attemptLimitMsOf(attempt, attempt.call.deadlineMs - clock.now());
    const limit = limitMs === undefined ? undefined : createAttemptLimit(limitMs, clock);
    const report = startAttemptReport(attempt, { clock, log, measurements });
    try {
      const headers = { ...attempt.headers, ...report.headers, authorization: `Bearer ${token}` };
      const answered = await transport({ ...attempt, headers, attemptSignal: limit?.signal });
      const read = readBody(attempt, answered);
      const response = redactToken(read instanceof Promise ? await read : read, token);
      report.answered(response);
      return response;
    } catch (error) {
      report.failed(error);
      throw error;
    } finally {
      limit?.stop();
    }
  }

  /**
   * Notes whose token Graph took. A 429 or a 5xx can come before the token was looked at, and a 404 from something in
   * between. The 200 around a batch says nothing of its items.
   */
  function noteToken(status: number, { call, operation }: GraphRequest): void {
    if (status < 300 && operation !== 'getMany' && operation !== 'getFilters') {
      tenantKeys.accept(call);
    } else if (status === 401) {
      tenantKeys.reject(call);
    }
  }

  return send;
}

/** What has to be left of the operation's time: a write that is cut off at the deadline would be in doubt. */
const exchangeMs = 500;

/** Lets one request be followed from the caller's edge through Graph's logs. */
function tracedHeaders({ headers, call }: GraphRequest): GraphRequest['headers'] {
  const { requestId, traceparent } = call;
  return {
    ...headers,
    'client-request-id': requestId,
    ...(traceparent !== undefined && { traceparent }),
  };
}

/** Ends an attempt that has taken so long that the operation's remaining time is better used in another way. */
function createAttemptLimit(limitMs: number, clock: Clock) {
  const signal = new EndController();
  const stop = clock.startTimer(limitMs, () => signal.abort());
  return { signal, stop };
}

const longestReadMs = 8_000;
const longestLookMs = 3_000;

/**
 * How long one attempt may take, in milliseconds: a read leaves time for a repeat, an add leaves time to look whether
 * it came to pass. Undefined if only the operation's own deadline counts.
 */
export function attemptLimitMsOf(
  { operation }: Pick<GraphRequest, 'operation'>,
  timeLeftMs: number,
): number | undefined {
  if (operation === 'add') {
    return timeLeftMs - Math.min(longestLookMs, timeLeftMs / 4);
  }
  return !isWrite(operation) && timeLeftMs > longestReadMs ? longestReadMs : undefined;
}

function createGraphCircuit(
  { breakerOpenMs }: SendOptions,
  { clock, log, chance, measurements }: SendParts,
): Circuit {
  return createCircuit(
    { openMs: breakerOpenMs },
    {
      now: clock.now,
      chance,
      onState(state) {
        log.warn('The breaker towards Microsoft Graph changed its state', { state });
        measurements.breakerState(state, 'graph');
      },
      rejectedLocally() {
        measurements.heldBack('breaker', 'graph');
        const message = 'Microsoft Graph is down as far as this gateway can see; nothing was sent.';
        return new GraphRejectedLocallyError('unavailable', message);
      },
    },
  );
}

const retryAfterMs = 1000;

/** Bounds what is sent to Graph at one time and what waits for it; a wait ends with its operation. */
function createPlaces(options: SendOptions, { measurements }: SendParts): ConcurrencyLimit {
  return createConcurrencyLimit(options, {
    full() {
      measurements.heldBack('bulkhead', 'graph');
      const message = 'The queue for Microsoft Graph is full, so nothing was sent.';
      return new GraphRejectedLocallyError('overloaded', message, { retryAfterMs });
    },
    ended: (signal) => abortErrorOf(signal, false, 'queued'),
  });
}

/**
 * Classifies an attempt's end: a 5xx, a timeout and a connection fault mean down, every other answer means up, 4xx and 429
 * among them. A timeout says something only after `slowMs`: a caller in a hurry says nothing of the upstream.
 */
export function classifyEnd(end: AttemptEnd<GraphResponse>, slowMs: number): UpstreamOutcome {
  if ('answer' in end) {
    const { status } = end.answer;
    return status >= 500 && status !== 501 ? 'down' : 'up';
  }
  if (!isGraphError(end.error)) {
    return 'nothing';
  }
  const { code, details } = end.error;
  if (details.fault === 'queued') {
    return 'nothing';
  }
  if (code === 'timeout') {
    return end.durationMs >= slowMs ? 'down' : 'nothing';
  }
  switch (details.fault) {
    case 'not-connected':
    case 'untrusted':
    case 'proxy-credentials':
    case 'broken':
      return 'down';
    case 'ended':
      return 'nothing';
    default:
      return code === 'badResponse' ? 'up' : 'nothing';
  }
}

/** What is down beside partners, such as the directory, must not close the way to partners. */
function outcomeFor(
  { operation }: Pick<GraphRequest, 'operation'>,
  outcome: UpstreamOutcome,
): UpstreamOutcome {
  return isBesidePartners(operation) && outcome === 'down' ? 'nothing' : outcome;
}

/** One attempt's end: an answer, or what was thrown. */
type Ending = { readonly response: GraphResponse } | { readonly error: unknown };

async function endingOf(attempt: Promise<GraphResponse>): Promise<Ending> {
  try {
    return { response: await attempt };
  } catch (error) {
    return { error };
  }
}

function conclude(ending: Ending, isInDoubt: boolean): GraphResponse {
  if ('error' in ending) {
    throw isInDoubt ? asInDoubt(ending.error) : ending.error;
  }
  return isInDoubt ? { ...ending.response, isAfterDoubt: true } : ending.response;
}

/** The last attempt may not have reached Graph at all; an earlier one may have been executed. */
function asInDoubt(error: unknown): unknown {
  if (!isGraphError(error) || error.mayHaveBeenApplied) {
    return error;
  }
  return new GraphError(error.code, error.message, { ...error.details, mayHaveBeenApplied: true });
}
