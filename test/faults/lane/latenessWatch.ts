import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';

/** Watches how late the timers of this process are, which nobody can be blamed for who has to end in time. */
export interface LatenessWatch {
  /** How late the latest timer since then was, in milliseconds; `sinceMs` is a time of `performance.now()`. */
  longestSince(sinceMs: number): number;
  /** For how long all timers since then were late together: with many at one moment each waits for those before it. */
  totalSince(sinceMs: number): number;
  stop(): void;
}

const tickMs = 10;
/** Less is the machine's own inaccuracy. */
const leastMs = 1;

/** Starts to watch. */
export function startLatenessWatch(): LatenessWatch {
  const late: { readonly atMs: number; readonly byMs: number }[] = [];
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const byMs = nowMs - lastMs - tickMs;
    lastMs = nowMs;
    if (byMs > leastMs) {
      late.push({ atMs: nowMs, byMs });
    }
  }, tickMs);
  /** With what is late just now, and will only be noted by the next tick. */
  const lateSince = (sinceMs: number): readonly number[] => [
    ...late.filter(({ atMs }) => atMs >= sinceMs).map(({ byMs }) => byMs),
    Math.max(0, performance.now() - lastMs - tickMs),
  ];
  return {
    longestSince: (sinceMs) => Math.max(...lateSince(sinceMs)),
    totalSince: (sinceMs) => lateSince(sinceMs).reduce((total, byMs) => total + byMs, 0),
    stop: () => clearInterval(timer),
  };
}
