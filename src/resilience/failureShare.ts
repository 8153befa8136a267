import { CircuitState, type IBreaker } from 'cockatiel';

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
