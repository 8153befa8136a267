import type { Clock, EndSignal } from '../shared/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { GraphError } from './errors.ts';

const names = { graph: 'Microsoft Graph', authority: 'the token endpoint' };

interface GuardOptions {
  /** How long no request is sent once the upstream is known to be down: on average and at first, then twice that. */
  readonly breakerOpenMs: number;
  /** Requests at the same time. */
  readonly concurrency: number;
  /** Requests that may wait for a place. */
  readonly queue: number;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'rejectedLocally' | 'breakerState'>;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  /** Makes the error of a request whose signal fires in the queue. */
  readonly ended: (signal: EndSignal) => Error;
}

/** Makes what stands before the requests to one upstream; both reject with a GraphError. */
export function createGuards(upstream: keyof typeof names, options: GuardOptions) {
  return {
    circuit: createCircuit(upstream, options),
    places: createConcurrencyLimit(upstream, options),
  };
}

/** How an attempt ended. */
export type AttemptEnd<Answer> =
  | { readonly answer: Answer }
  | { readonly error: unknown; readonly durationMs: number };

/**
 * What an attempt's end says of the upstream: it is down, it is up, or nothing. `there` is for a fault that is not the
 * upstream's as a whole: it counts for nothing, but the call that looked whether the upstream is back has found it.
 */
export type UpstreamOutcome = 'down' | 'up' | 'there' | 'nothing';

const longestOpenMs = 30_000;
const windowSeconds = 10;
const leastCalls = 10;
const largestShare = 0.5;

/**
 * Makes a circuit that fails at once while an upstream is known to be down. Closed, it opens if more than half of at
 * least ten calls within ten seconds failed; open, it rejects; half-open, one call looks and the others are rejected. If
 * the clock is set back, the time for which it is open begins anew.
 */
function createCircuit(
  upstream: keyof typeof names,
  { breakerOpenMs, clock, log, measurements, chance }: GuardOptions,
) {
  const { now } = clock;
  const name = names[upstream];
  let state: 'closed' | 'half-open' | 'open' = 'closed';
  let opened = 0;
  let openedAtMs = 0;
  let openForMs = 0;
  /** By second and not by call: an outage of the night must not count in the morning. */
  let seconds = new Map<number, { calls: number; failures: number }>();

  function change(next: typeof state): void {
    state = next;
    log.warn(`The breaker towards ${name} changed its state`, { state });
    measurements.breakerState(state, upstream);
  }

  function open(): void {
    openedAtMs = now();
    // Replicas that saw the same outage do not all look at one moment.
    openForMs =
      Math.min(longestOpenMs, breakerOpenMs * 2 ** Math.min(opened, 10)) * (0.5 + chance());
    opened += 1;
    change('open');
  }

  function close(): void {
    opened = 0;
    seconds = new Map();
    count(false);
    change('closed');
  }

  function count(hasFailed: boolean): void {
    const second = Math.floor(now() / 1000);
    let counts = seconds.get(second);
    if (counts === undefined) {
      const isRecent = ([other]: [number, unknown]) => Math.abs(second - other) < windowSeconds;
      counts = { calls: 0, failures: 0 };
      seconds = new Map([...seconds].filter(isRecent)).set(second, counts);
    }
    counts.calls += 1;
    counts.failures += hasFailed ? 1 : 0;
  }

  function hasFailedTooOften(): boolean {
    let calls = 0;
    let failures = 0;
    for (const counts of seconds.values()) {
      calls += counts.calls;
      failures += counts.failures;
    }
    return calls >= leastCalls && failures > largestShare * calls;
  }

  /** Lets an attempt through, or throws; tells whether it is the one that looks. */
  function enter(): boolean {
    if (state === 'closed') {
      return false;
    }
    openedAtMs = Math.min(openedAtMs, now());
    if (state === 'half-open' || now() - openedAtMs < openForMs) {
      measurements.rejectedLocally('breaker', upstream);
      const first = name.replace(/^the/, 'The');
      const message = `${first} is down as far as this gateway can see; nothing was sent.`;
      throw new GraphError('unavailable', message);
    }
    change('half-open');
    return true;
  }

  function leave(isLook: boolean, outcome: UpstreamOutcome): void {
    if (isLook) {
      (outcome === 'up' || outcome === 'there' ? close : open)();
    } else if (state === 'closed' && (outcome === 'down' || outcome === 'up')) {
      // While it is not closed, an attempt from before says nothing of what the one that looks finds.
      count(outcome === 'down');
      if (outcome === 'down' && hasFailedTooOften()) {
        open();
      }
    }
  }

  return {
    async run<Answer>(
      attempt: () => Promise<Answer>,
      classify: (end: AttemptEnd<Answer>) => UpstreamOutcome,
    ): Promise<Answer> {
      const isLook = enter();
      const startedMs = now();
      let outcome: UpstreamOutcome = 'nothing';
      try {
        const answer = await attempt();
        outcome = classify({ answer });
        return answer;
      } catch (error) {
        outcome = classify({ error, durationMs: now() - startedMs });
        throw error;
      } finally {
        leave(isLook, outcome);
      }
    },
  };
}

/**
 * Bounds what is in flight to one upstream and what waits for it. Attempts start in the order in which they came; a wait
 * ends with its signal.
 */
function createConcurrencyLimit(
  upstream: keyof typeof names,
  { concurrency, queue, measurements, ended }: GuardOptions,
) {
  let inFlight = 0;
  /** In the order in which they came; calling one gives it the place. */
  const waiting = new Set<() => void>();

  const waitForPlace = (signal: EndSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const stopWaiting = (): void => {
        waiting.delete(begin);
        signal.removeEventListener('abort', onAbort);
      };
      const begin = (): void => {
        stopWaiting();
        resolve();
      };
      const onAbort = (): void => {
        stopWaiting();
        reject(ended(signal));
      };
      waiting.add(begin);
      signal.addEventListener('abort', onAbort);
    });

  function leave(): void {
    const [next] = waiting;
    if (next === undefined) {
      inFlight -= 1;
    } else {
      // The place goes on from hand to hand, so that no newcomer takes it.
      next();
    }
  }

  return {
    /** Runs the work in its turn. Once started, the work has to listen to the signal itself. */
    async run<Result>(signal: EndSignal, work: () => Promise<Result>): Promise<Result> {
      if (signal.aborted) {
        throw ended(signal);
      }
      if (inFlight >= concurrency) {
        if (waiting.size >= queue) {
          measurements.rejectedLocally('bulkhead', upstream);
          const message = `The queue for ${names[upstream]} is full, so nothing was sent.`;
          throw new GraphError('overloaded', message, { retryAfterMs: 1_000 });
        }
        await waitForPlace(signal);
      } else {
        inFlight += 1;
      }
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
