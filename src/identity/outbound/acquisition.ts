import { setMaxListeners } from 'node:events';
import { LRUCache } from 'lru-cache';
import { GraphCredentialError, isConfigurationFault, isGraphError } from '../../graph/errors.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../telemetry/log.ts';
import type { AcquiredToken, TokenFlow, TokenOrder, TokenSource } from './token.ts';
import { OutboundIdentityError, tokenFactsOf } from './tokenFacts.ts';

export type AcquisitionOutcome =
  | 'token'
  | 'refused'
  | 'throttled'
  | 'unavailable'
  | 'misconfigured';

/** One acquisition as metrics see it. */
export interface AcquisitionMeasurement {
  readonly flow: TokenFlow;
  readonly outcome: AcquisitionOutcome;
  readonly durationMs: number;
}

export interface AcquisitionParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly onAcquire?: ((measurement: AcquisitionMeasurement) => void) | undefined;
  /** Fires when the gateway stops: nobody waits for a token any more. */
  readonly closing?: AbortSignal | undefined;
}

const limitMs = 10_000;
const toldAgainAfterMs = 60 * 60 * 1000;

/** Puts a time limit, a measurement and a log line around a source of tokens. */
export function createAcquisition(
  flow: TokenFlow,
  { clock, log, onAcquire, closing }: AcquisitionParts,
  source: TokenSource,
): (order: TokenOrder) => Promise<AcquiredToken> {
  const told = new LRUCache<string, number>({ max: 100 });

  /** A wrong secret fails every call; one line an hour is enough to be seen. */
  function tell(error: unknown, { requestId, trail }: TokenOrder): void {
    const traceId = trail?.traceId;
    const fields = { requestId, traceId, operation: flow, ...tokenFactsOf(error) };
    if (isConfigurationFault(error)) {
      log.error(`Configuration fault: ${error.message}`, fields);
      return;
    }
    if (!(error instanceof OutboundIdentityError)) {
      log.warn('No token for Microsoft Graph was got', fields);
      return;
    }
    const problem = JSON.stringify([error.message, fields.code, fields.codes]);
    const toldAtMs = told.get(problem);
    if (toldAtMs === undefined || clock.now() >= toldAtMs + toldAgainAfterMs) {
      told.set(problem, clock.now());
      log.error(`No token for Microsoft Graph can be got: ${error.message}`, fields);
    }
  }

  return async (order) => {
    const startedAtMs = clock.now();
    const endTrail = order.trail?.startToken(flow);
    const measure = (outcome: AcquisitionOutcome): void => {
      onAcquire?.({ flow, outcome, durationMs: clock.now() - startedAtMs });
      endTrail?.(outcome);
    };
    try {
      const acquired = await withinLimit(clock, closing, (signal) => source(order, signal));
      measure('token');
      return acquired;
    } catch (error) {
      measure(acquisitionOutcomeOf(error));
      tell(error, order);
      throw error;
    }
  };
}

/** Makes what ends acquisitions; as many as there are users may listen to it. */
export function createClosing(): AbortController {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  return closing;
}

/** Which failure it was; what is none of ours counts as the gateway's own fault. */
export function acquisitionOutcomeOf(error: unknown): AcquisitionOutcome {
  switch (isGraphError(error) ? error.code : undefined) {
    case 'unauthenticated':
      return 'refused';
    case 'throttled':
      return 'throttled';
    case undefined:
      return 'misconfigured';
    default:
      return 'unavailable';
  }
}

/** Gives up after the limit, and when the gateway stops, whatever the source waits for. */
function withinLimit<Result>(
  clock: Clock,
  closing: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const limit = new AbortController();
  return new Promise((resolve, reject) => {
    const giveUp = (message: string): void => {
      const error = new GraphCredentialError('unavailable', message);
      reject(error);
      limit.abort(error);
      stop();
    };
    const onClosing = (): void =>
      giveUp('The gateway stopped before a token for Microsoft Graph came.');
    const stopTimer = clock.startTimer(limitMs, () =>
      giveUp('No token for Microsoft Graph came in time.'),
    );
    const stop = (): void => {
      stopTimer();
      closing?.removeEventListener('abort', onClosing);
    };
    closing?.addEventListener('abort', onClosing);
    if (closing?.aborted) {
      onClosing();
    }
    run(limit.signal).then(resolve, reject).finally(stop);
  });
}
