interface CircuitOptions {
  /** How long it is open before one call is let through to look, on average and at first; twice that the next time. */
  readonly openMs: number;
}

export type CircuitState = 'closed' | 'half-open' | 'open';

interface CircuitParts {
  /** In milliseconds; it may jump. */
  readonly now: () => number;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  readonly onState: (state: CircuitState) => void;
  /** What is thrown in place of an attempt while it is open. */
  readonly rejectedLocally: () => Error;
}

/** How an attempt ended. */
export type AttemptEnd<Answer> =
  | { readonly answer: Answer }
  | { readonly error: unknown; readonly durationMs: number };

/**
 * What an attempt's end says of the upstream as such: it is down, it is up, or nothing. `there` is for a fault that is
 * not the upstream's as a whole: it counts for nothing, but the call that looked whether the upstream is back has found it.
 */
export type UpstreamOutcome = 'down' | 'up' | 'there' | 'nothing';

/** An attempt that was let through: as usual, or as the one that looks if the upstream is back. */
type CircuitPass = 'usual' | 'look';

/** Fails at once while an upstream is known to be down. */
export interface Circuit {
  /** Lets an attempt through, or throws. The pass has to be given back with what the attempt's end says. */
  enter(): CircuitPass;
  leave(pass: CircuitPass, outcome: UpstreamOutcome): void;
  run<Answer>(
    attempt: () => Promise<Answer>,
    classify: (end: AttemptEnd<Answer>) => UpstreamOutcome,
  ): Promise<Answer>;
}

const longestOpenMs = 30_000;

/**
 * Makes the circuit of one upstream. Closed, it counts; open, it rejects; half open, one call looks and the others are
 * rejected. How long it is open is measured by the injected clock, and begins anew where that is set back.
 */
export function createCircuit(options: CircuitOptions, parts: CircuitParts): Circuit {
  const { now, chance, onState, rejectedLocally } = parts;
  const failures = createFailureShare(now);
  let state: CircuitState = 'closed';
  let opened = 0;
  let openedAtMs = 0;
  let openForMs = 0;

  function enter(next: CircuitState): void {
    state = next;
    onState(next);
  }

  function open(): void {
    openedAtMs = now();
    // Replicas that saw the same outage do not all look at one moment.
    openForMs =
      Math.min(longestOpenMs, options.openMs * 2 ** Math.min(opened, 10)) * (0.5 + chance());
    opened += 1;
    enter('open');
  }

  function close(): void {
    opened = 0;
    failures.forget();
    failures.count(false);
    enter('closed');
  }

  function isOpenOver(): boolean {
    openedAtMs = Math.min(openedAtMs, now());
    return now() - openedAtMs >= openForMs;
  }

  function count(outcome: UpstreamOutcome): void {
    // An attempt of the time before the circuit opened says nothing of what the one that looks finds.
    if (state !== 'closed' || (outcome !== 'down' && outcome !== 'up')) {
      return;
    }
    failures.count(outcome === 'down');
    if (outcome === 'down' && failures.isTooLarge()) {
      open();
    }
  }

  function enterAttempt(): CircuitPass {
    if (state === 'half-open' || (state === 'open' && !isOpenOver())) {
      throw rejectedLocally();
    }
    if (state === 'closed') {
      return 'usual';
    }
    enter('half-open');
    return 'look';
  }

  function leaveAttempt(pass: CircuitPass, outcome: UpstreamOutcome): void {
    if (pass === 'usual') {
      count(outcome);
    } else if (outcome === 'up' || outcome === 'there') {
      close();
    } else {
      open();
    }
  }

  return {
    enter: enterAttempt,
    leave: leaveAttempt,
    async run(attempt, classify) {
      const pass = enterAttempt();
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
        leaveAttempt(pass, outcome);
      }
    },
  };
}

const windowSeconds = 10;
const leastCalls = 10;
const largestShare = 0.5;

interface Second {
  readonly second: number;
  calls: number;
  failures: number;
}

/** The share of failures of the last ten seconds. */
interface FailureShare {
  count(hasFailed: boolean): void;
  forget(): void;
  /** Whether more than half of at least ten calls failed. */
  isTooLarge(): boolean;
}

/** Counts by time and not by calls: an outage of the night must not count in the morning. `now` gives milliseconds. */
export function createFailureShare(now: () => number): FailureShare {
  let seconds: Second[] = [];
  const sumOf = (what: 'calls' | 'failures'): number =>
    seconds.reduce((sum, second) => sum + second[what], 0);
  return {
    count(hasFailed) {
      const second = Math.floor(now() / 1000);
      let current = seconds.at(-1);
      if (current?.second !== second) {
        current = seconds.find((other) => other.second === second);
      }
      if (current === undefined) {
        current = { second, calls: 0, failures: 0 };
        seconds = seconds.filter((other) => Math.abs(second - other.second) < windowSeconds);
        seconds.push(current);
      }
      current.calls += 1;
      current.failures += hasFailed ? 1 : 0;
    },
    forget() {
      seconds = [];
    },
    isTooLarge() {
      const calls = sumOf('calls');
      return calls >= leastCalls && sumOf('failures') > largestShare * calls;
    },
  };
}
