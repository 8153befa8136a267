import {
  type AttemptEnd,
  type CircuitOptions,
  createCircuit,
  type UpstreamVerdict,
} from '../shared/circuitBreaker.ts';
import type { Clock } from '../shared/clock.ts';
import { createTurns, type TurnOptions } from '../shared/concurrencyLimit.ts';
import { parseJson, withExactNumbers } from '../shared/json.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { readBody } from './body.ts';
import type { GraphBudget } from './budget.ts';
import type { Credentials } from './credentials.ts';
import { endedErrorOf, GraphHeldBackError, isGraphError, untilEnded } from './errors.ts';
import { createObserve } from './observe.ts';
import {
  composePolicies,
  type GraphRequest,
  type GraphResponse,
  type Policy,
  type Send,
} from './request.ts';
import { createRetry, createRetryBudget } from './retry.ts';
import { throttlePauseMsOf } from './retryRules.ts';
import type { TenantKeys } from './tenantKeys.ts';
import { isWrite } from './types.ts';

export interface GraphPipelineOptions {
  /** Graph's root with the version; no request goes anywhere else. */
  readonly base: URL;
  /** Requests at the same time. */
  readonly concurrency: number;
  /** Requests that may wait for their turn. */
  readonly queue: number;
  readonly breakerOpenMs: number;
  readonly slowMs: number;
}

export interface GraphPipelineParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly measurements: Measurements;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  readonly credentials: Credentials;
  readonly budget: GraphBudget;
  readonly tenantKeys: TenantKeys;
}

/**
 * Puts the policies around a send, in the one place where their order is decided; the first is outermost. What waits
 * for a repeat holds no turn, and each attempt is signed afresh. Only what is really sent is observed.
 */
export function createGraphPipeline(
  options: GraphPipelineOptions,
  parts: GraphPipelineParts,
  send: Send,
): Send {
  const { clock, log, measurements, chance, credentials, budget, tenantKeys } = parts;
  const { base, concurrency, queue, breakerOpenMs, slowMs } = options;
  return composePolicies(
    [
      tracing,
      createRetry({
        clock,
        log,
        chance,
        budget: createRetryBudget(clock.now),
        hasOwnTokens: credentials.hasOwnTokens,
      }),
      createDestination(base),
      createSpend({ budget, tenantKeys, clock, measurements }),
      createBearer(credentials),
      createBreaker({ openMs: breakerOpenMs, slowMs }, { clock, log, chance, measurements }),
      createBulkhead({ concurrency, queue }, measurements),
      createAttemptLimit(clock),
      createObserve({ clock, log, measurements }),
      hideToken,
      readBody,
    ],
    send,
  );
}

const longestReadMs = 8_000;
const longestLookMs = 3_000;

/** Ends an attempt that has taken so long that the operation's remaining time is better used in another way. */
export function createAttemptLimit(clock: Clock): Policy {
  return async (request, next) => {
    const limitMs = attemptLimitMsOf(request, request.call.deadlineMs - clock.now());
    if (limitMs === undefined) {
      return next(request);
    }
    const limit = new AbortController();
    const stopTimer = clock.startTimer(limitMs, () => limit.abort());
    try {
      return await next({ ...request, attemptSignal: limit.signal });
    } finally {
      stopTimer();
    }
  };
}

/**
 * How long one attempt may take, in milliseconds: a read leaves time for a repeat, an add leaves time to look whether
 * it came to pass. Undefined where only the operation's own deadline counts.
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

/** Signs each attempt afresh, so that a token never outlives the wait before it is used. */
export function createBearer(credentials: Credentials): Policy {
  return async (request, next) => {
    const { call, withFreshToken = false } = request;
    const token = await untilEnded(call.signal, credentials.tokenFor(call, { withFreshToken }));
    return next({
      ...request,
      headers: { ...request.headers, authorization: `Bearer ${token.reveal()}` },
    });
  };
}

/**
 * Lets nothing through that is not meant for Graph's root and version. The routes make no such URL; this is the last
 * look before a token is added, for whatever is changed above it one day.
 */
export function createDestination(base: URL): Policy {
  const prefix = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`;
  return async (request, next) => {
    const { origin, pathname, username, password, hash } = request.url;
    const isMeant =
      origin === base.origin &&
      pathname.startsWith(prefix) &&
      username === '' &&
      password === '' &&
      hash === '';
    if (!isMeant) {
      throw new TypeError('A request that does not lead to Microsoft Graph');
    }
    return next(request);
  };
}

/** Lets one request be followed from the caller's edge through Graph's logs. */
export const tracing: Policy = (request, next) => {
  const { requestId, traceparent } = request.call;
  return next({
    ...request,
    headers: {
      ...request.headers,
      'client-request-id': requestId,
      ...(traceparent !== undefined && { traceparent }),
    },
  });
};

const mark = '[redacted]';

/**
 * Takes the token that was sent out of a refusal that repeats it, whatever it looks like: words of a refusal go to
 * callers and its ids into logs. Fewer than eight characters are no secret, and part of many a word. A success is the caller's own data, and stays byte for byte.
 */
export const hideToken: Policy = async (request, next) => {
  const response = await next(request);
  const token = /^Bearer (.{8,})$/.exec(request.headers['authorization'] ?? '')?.[1];
  return response.status < 300 || token === undefined ? response : withoutToken(response, token);
};

function withoutToken(response: GraphResponse, token: string): GraphResponse {
  const hide = (text: string): string => text.replaceAll(token, mark);
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map(hide) : value && hide(value),
    ]),
  );
  const text = response.body.toString('utf8');
  if (!text.includes(token)) {
    return { ...response, headers };
  }
  const hidden = hide(text);
  const { json: _repeated, ...rest } = response;
  const parsed = parseJson(hidden);
  const json = parsed !== undefined && { json: withExactNumbers(hidden, parsed) };
  return { ...rest, headers, body: Buffer.from(hidden), ...json };
}

export interface SpendParts {
  readonly budget: GraphBudget;
  readonly tenantKeys: TenantKeys;
  readonly clock: Clock;
  readonly measurements: Pick<Measurements, 'heldBack'>;
}

/** What has to be left of the operation's time: a write that is cut off at the deadline would be in doubt. */
const exchangeMs = 500;

/** Sends only what Graph's limits have room for, and holds a tenant back that Graph has throttled. */
export function createSpend({ budget, tenantKeys, clock, measurements }: SpendParts): Policy {
  /**
   * A 429 or a 5xx can come before anybody has looked at the token, and a 404 from something in between. The 200 around
   * a batch says nothing of its items.
   */
  function noteWhoItWas(status: number, { call, operation }: GraphRequest): void {
    if (status < 300 && operation !== 'getMany') {
      tenantKeys.accept(call);
    } else if (status === 401) {
      tenantKeys.reject(call);
    }
  }

  return async (request, next) => {
    const { call, operation, cost = 1 } = request;
    const key = tenantKeys.keyOf(call);
    await budget
      .acquire({
        key,
        requests: cost,
        isWrite: isWrite(operation),
        timeLeftMs: call.deadlineMs - clock.now() - exchangeMs,
        signal: call.signal,
      })
      .catch((error: unknown) => {
        if (error instanceof GraphHeldBackError) {
          measurements.heldBack('budget', 'graph');
        }
        throw error;
      });
    const response = await next(request);
    const pauseMs = response.status === 429 ? throttlePauseMsOf(response, clock.now()) : 0;
    if (pauseMs > 0) {
      await budget.pause(key, pauseMs);
    }
    noteWhoItWas(response.status, request);
    return response;
  };
}

/** When calls of Graph are held back because it is down. */
export interface BreakerOptions extends CircuitOptions {
  /** How long an attempt must have lasted for its timeout to count. */
  readonly slowMs: number;
}

export interface BreakerParts {
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  readonly measurements: Pick<Measurements, 'breakerState' | 'heldBack'>;
}

/** Fails at once while Graph is known to be down: 5xx, timeouts and connections count, 4xx and 429 never. */
export function createBreaker({ openMs, slowMs }: BreakerOptions, parts: BreakerParts): Policy {
  const { clock, log, chance, measurements } = parts;
  const circuit = createCircuit(
    { openMs },
    {
      now: clock.now,
      chance,
      onState(state) {
        log.warn('The breaker towards Microsoft Graph changed its state', { state });
        measurements.breakerState(state, 'graph');
      },
      heldBack() {
        measurements.heldBack('breaker', 'graph');
        const message = 'Microsoft Graph is down as far as this gateway can see; nothing was sent.';
        return new GraphHeldBackError('unavailable', message);
      },
    },
  );
  return (request, next) =>
    circuit.run(
      () => next(request),
      (end) => judgeUpstream(end, slowMs),
    );
}

const retryAfterMs = 1000;

/** Bounds what is under way to Graph at one time and what waits for it; a wait ends with its operation. */
export function createBulkhead(
  options: TurnOptions,
  measurements: Pick<Measurements, 'heldBack'>,
): Policy {
  const turns = createTurns(options, {
    full() {
      measurements.heldBack('bulkhead', 'graph');
      const message = 'Too much is waiting for Microsoft Graph already; nothing was sent.';
      return new GraphHeldBackError('overloaded', message, { retryAfterMs });
    },
    ended: (signal) => endedErrorOf(signal, false, 'queued'),
  });
  // What is under way may have to finish a write, so it is not ended with the signal here.
  return (request, next) => turns.run(request.call.signal, () => next(request));
}

/**
 * Judges an attempt's end: a 5xx, a timeout and a connection fault mean down, every other answer means up, 4xx and 429
 * among them. A timeout says something only after `slowMs`: a caller in a hurry says nothing of the upstream.
 */
export function judgeUpstream(end: AttemptEnd<GraphResponse>, slowMs: number): UpstreamVerdict {
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
