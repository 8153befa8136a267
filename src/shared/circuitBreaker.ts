import {
  BrokenCircuitError,
  CircuitState,
  circuitBreaker,
  DelegateBackoff,
  handleWhenResult,
  type IBreaker,
} from 'cockatiel';

export interface CircuitOptions {
  /** How long it is open before one call is let through to look, on average and at first; twice that the next time. */
  readonly openMs: number;
}

export type CircuitStateName = 'closed' | 'half-open' | 'open';

export interface CircuitParts {
  /** In milliseconds; it may jump. */
  readonly now: () => number;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  readonly onState: (state: CircuitStateName) => void;
  /** What is thrown in place of an attempt while it is open. */
  readonly heldBack: () => Error;
}

/** How an attempt ended. */
export type AttemptEnd<Answer> =
  | { readonly answer: Answer }
  | { readonly error: unknown; readonly durationMs: number };

/**
 * What an attempt's end says of the upstream as such: it is down, it is up, or nothing. `there` is for a fault that is
 * not the upstream's as a whole: it counts for nothing, but whoever looked whether the upstream is back has found it.
 */
export type UpstreamVerdict = 'down' | 'up' | 'there' | 'nothing';

/** Fails at once while an upstream is known to be down. */
export interface Circuit {
  run<Answer>(
    attempt: () => Promise<Answer>,
    judge: (end: AttemptEnd<Answer>) => UpstreamVerdict,
  ): Promise<Answer>;
}

const longestOpenMs = 30_000;

interface Judged<Answer> {
  readonly end: AttemptEnd<Answer>;
  readonly verdict: UpstreamVerdict;
}

/** What a closed circuit is not to count has to be thrown past cockatiel: all else it counts for or against. */
class Uncounted {
  readonly judged: unknown;

  constructor(judged: unknown) {
    this.judged = judged;
  }
}

/** Makes the circuit of one upstream. */
export function createCircuit(
  options: CircuitOptions,
  { now, chance, onState, heldBack }: CircuitParts,
): Circuit {
  // All that does not count against the upstream closes a half-open circuit; a look that says nothing must not.
  const isAgainst = (judged: unknown): boolean => {
    const { verdict } = judged as Judged<unknown>;
    return verdict === 'down' || verdict === 'nothing';
  };
  const opening = createOpening(now);
  const policy = circuitBreaker(handleWhenResult(isAgainst), {
    breaker: createFailureShare(now),
    // cockatiel asks `Date` itself, which can be set back by hours; how long the circuit stays open is decided here.
    halfOpenAfter: new DelegateBackoff(({ attempt }) => {
      const openMs = Math.min(longestOpenMs, options.openMs * 2 ** Math.min(attempt - 1, 10));
      // Replicas that saw the same outage do not all look at one moment.
      opening.start(openMs * (0.5 + chance()));
      return Number.NEGATIVE_INFINITY;
    }),
  });
  policy.onStateChange((state) => onState(nameOf(state)));

  async function judgedAttempt<Answer>(
    attempt: () => Promise<Answer>,
    judge: (end: AttemptEnd<Answer>) => UpstreamVerdict,
  ): Promise<Judged<Answer>> {
    const isLook = policy.state !== CircuitState.Closed;
    const startedMs = now();
    const end = await attempt().then(
      (answer): AttemptEnd<Answer> => ({ answer }),
      (error: unknown): AttemptEnd<Answer> => ({ error, durationMs: now() - startedMs }),
    );
    const verdict = judge(end);
    const judged = { end, verdict };
    // An attempt of the time before the circuit opened says nothing of what the one that looks finds.
    const isLate = policy.state !== CircuitState.Closed;
    const isCounted = verdict === 'down' || verdict === 'up';
    if (!isLook && (isLate || !isCounted)) {
      throw new Uncounted(judged);
    }
    return judged;
  }

  return {
    async run<Answer>(
      attempt: () => Promise<Answer>,
      judge: (end: AttemptEnd<Answer>) => UpstreamVerdict,
    ) {
      const { state } = policy;
      // While one call looks, cockatiel would have the others wait for its end.
      if (state === CircuitState.HalfOpen || (state === CircuitState.Open && !opening.isOver())) {
        throw heldBack();
      }
      const { end } = await policy
        .execute(() => judgedAttempt(attempt, judge))
        .catch((error: unknown) => {
          if (error instanceof Uncounted) {
            return error.judged as Judged<Answer>;
          }
          throw error instanceof BrokenCircuitError ? heldBack() : error;
        });
      if ('error' in end) {
        throw end.error;
      }
      return end.answer;
    },
  };
}

/** The time for which a circuit is open. Where the clock is set back meanwhile, it begins anew. */
function createOpening(now: () => number) {
  let startedMs = 0;
  let lastsMs = 0;
  return {
    start(ms: number): void {
      startedMs = now();
      lastsMs = ms;
    },
    isOver(): boolean {
      startedMs = Math.min(startedMs, now());
      return now() - startedMs >= lastsMs;
    },
  };
}

function nameOf(state: CircuitState): CircuitStateName {
  switch (state) {
    case CircuitState.Closed:
      return 'closed';
    case CircuitState.HalfOpen:
      return 'half-open';
    default:
      return 'open';
  }
}

const windowSeconds = 10;
const leastCalls = 10;
const largestShare = 0.5;

interface Second {
  readonly second: number;
  calls: number;
  failures: number;
}

/**
 * Opens a breaker where more than half of at least ten calls within ten seconds failed; `now` gives milliseconds. Not
 * cockatiel's own sampling, which forgets by calls and not by time: an outage of the night would count in the morning.
 */
export function createFailureShare(now: () => number): IBreaker {
  let seconds: Second[] = [];

  function count(failures: number): void {
    const second = Math.floor(now() / 1000);
    seconds = seconds.filter((other) => Math.abs(second - other.second) < windowSeconds);
    const current = seconds.find((other) => other.second === second);
    if (current === undefined) {
      seconds.push({ second, calls: 1, failures });
    } else {
      current.calls += 1;
      current.failures += failures;
    }
  }

  const sumOf = (what: 'calls' | 'failures'): number =>
    seconds.reduce((sum, second) => sum + second[what], 0);

  return {
    state: undefined,
    success(state) {
      if (state === CircuitState.HalfOpen) {
        seconds = [];
      }
      count(0);
    },
    failure(state) {
      count(1);
      const calls = sumOf('calls');
      const isTooMuch = calls >= leastCalls && sumOf('failures') > largestShare * calls;
      return state !== CircuitState.Closed || isTooMuch;
    },
  };
}
