import { GraphCredentialError, GraphHeldBackError, isGraphError } from '../../../graph/errors.ts';
import {
  type AttemptEnd,
  type CircuitStateName,
  createCircuit,
  type UpstreamVerdict,
} from '../../../shared/circuitBreaker.ts';
import type { Clock } from '../../../shared/clock.ts';
import { createTurns, type TurnOptions } from '../../../shared/concurrencyLimit.ts';
import type { Log } from '../../../telemetry/log.ts';
import type { TokenAnswer, TokenTransport } from '../tokenEndpoint.ts';

export interface GuardOptions {
  /**
   * Whether a 5xx says that the endpoint is down. It does where all tokens are one's own; where each is another user's,
   * an answer speaks of that user alone, and nobody else may be held back for it.
   */
  readonly countsAnswers: boolean;
  readonly openMs?: number;
  readonly turns?: TurnOptions;
}

export interface GuardParts {
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  readonly onBreaker?: ((state: CircuitStateName, upstream: 'authority') => void) | undefined;
  readonly onHeldBack?:
    | ((reason: 'breaker' | 'bulkhead', upstream: 'authority') => void)
    | undefined;
}

/** As many as there are connections, and as many callers as would wait for Graph itself. */
const usualTurns: TurnOptions = { concurrency: 128, queue: 512 };
const usualOpenMs = 5_000;
/** A silence counts only where it lasted this long: half of what an acquisition may take. */
const slowMs = 5_000;
const retryAfterMs = 1_000;

/** Fails at once while the endpoint cannot be reached, and bounds what is asked of it and what waits for that. */
export function guardTransport(
  transport: TokenTransport,
  { countsAnswers, openMs = usualOpenMs, turns: turnOptions = usualTurns }: GuardOptions,
  { clock, log, chance, onBreaker, onHeldBack }: GuardParts,
): TokenTransport {
  const circuit = createCircuit(
    { openMs },
    {
      now: clock.now,
      chance,
      onState(state) {
        log.warn('The breaker towards the token endpoint changed its state', { state });
        onBreaker?.(state, 'authority');
      },
      heldBack() {
        onHeldBack?.('breaker', 'authority');
        const message =
          'The token endpoint is down as far as this gateway can see; nothing was sent.';
        return new GraphHeldBackError('unavailable', message);
      },
    },
  );
  const turns = createTurns(turnOptions, {
    full() {
      onHeldBack?.('bulkhead', 'authority');
      const message = 'Too much is waiting for the token endpoint already; nothing was sent.';
      return new GraphHeldBackError('overloaded', message, { retryAfterMs });
    },
    ended: () => new GraphCredentialError('unavailable', 'No token was asked for in time.'),
  });
  return {
    send: (request) =>
      turns.run(request.signal, () =>
        circuit.run(
          () => transport.send(request),
          (end) => judgeTokenEnd(end, { countsAnswers, wasEnded: request.signal.aborted }),
        ),
      ),
    close: () => transport.close(),
  };
}

/** Judges how one request for a token ended; `wasEnded` where the gateway itself gave it up. */
export function judgeTokenEnd(
  end: AttemptEnd<TokenAnswer>,
  { countsAnswers, wasEnded }: { readonly countsAnswers: boolean; readonly wasEnded: boolean },
): UpstreamVerdict {
  if ('answer' in end) {
    const isFault = end.answer.status >= 500 && end.answer.status !== 501;
    if (!isFault) {
      return 'up';
    }
    return countsAnswers ? 'down' : 'there';
  }
  const fault = isGraphError(end.error) ? end.error.details.fault : undefined;
  if (fault !== 'not-connected' && fault !== 'untrusted' && fault !== 'proxy-credentials') {
    return 'nothing';
  }
  return wasEnded && end.durationMs < slowMs ? 'nothing' : 'down';
}
