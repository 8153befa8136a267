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
 * What an attempt's end says of the upstream: it is down, it is up, or nothing. `there` is for a fault that is not the
 * upstream's as a whole: it counts for nothing, but the call that looked whether the upstream is back has found it.
 */
export type UpstreamOutcome = 'down' | 'up' | 'there' | 'nothing';

/** Fails at once while an upstream is known to be down. */
export interface Circuit {
  /** Lets an attempt through, or throws. The pass goes back with what the attempt's end says. */
  enter(): 'usual' | 'look';
  leave(pass: 'usual' | 'look', outcome: UpstreamOutcome): void;
  run<Answer>(
    attempt: () => Promise<Answer>,
    classify: (end: AttemptEnd<Answer>) => UpstreamOutcome,
  ): Promise<Answer>;
}

const longestOpenMs = 30_000;
const windowSeconds = 10;
const leastCalls = 10;
const largestShare = 0.5;

/**
 * Makes the circuit of one upstream. Closed, it opens if more than half of at least ten calls within ten seconds failed;
 * open, it rejects; half-open, one call looks and the others are rejected. If the clock is set back, the time for which
 * it is open begins anew.
 */
export function createCircuit({ openMs }: CircuitOptions, parts: CircuitParts): Circuit {
  const { now, chance, onState, rejectedLocally } = parts;
  let state: CircuitState = 'closed';
  let opened = 0;
  let openedAtMs = 0;
  let openForMs = 0;
  /** By second and not by call: an outage of the night must not count in the morning. */
  let seconds = new Map<number, { calls: number; failures: number }>();

  function change(next: CircuitState): void {
    state = next;
    onState(next);
  }

  function open(): void {
    openedAtMs = now();
    // Replicas that saw the same outage do not all look at one moment.
    openForMs = Math.min(longestOpenMs, openMs * 2 ** Math.min(opened, 10)) * (0.5 + chance());
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
    const sumOf = (what: 'calls' | 'failures'): number =>
      [...seconds.values()].reduce((sum, counts) => sum + counts[what], 0);
    const calls = sumOf('calls');
    return calls >= leastCalls && sumOf('failures') > largestShare * calls;
  }

  const circuit: Circuit = {
    enter() {
      if (state === 'closed') {
        return 'usual';
      }
      openedAtMs = Math.min(openedAtMs, now());
      if (state === 'half-open' || now() - openedAtMs < openForMs) {
        throw rejectedLocally();
      }
      change('half-open');
      return 'look';
    },
    leave(pass, outcome) {
      if (pass === 'look') {
        (outcome === 'up' || outcome === 'there' ? close : open)();
      } else if (state === 'closed' && (outcome === 'down' || outcome === 'up')) {
        // While it is not closed, an attempt from before says nothing of what the one that looks finds.
        count(outcome === 'down');
        if (outcome === 'down' && hasFailedTooOften()) {
          open();
        }
      }
    },
    async run(attempt, classify) {
      const pass = circuit.enter();
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
        circuit.leave(pass, outcome);
      }
    },
  };
  return circuit;
}
