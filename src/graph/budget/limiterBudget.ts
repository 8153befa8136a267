import type { Clock } from '../../shared/clock.ts';
import type { BudgetLimits, GraphBudget } from '../budget.ts';
import { GraphHeldBackError } from '../errors.ts';
import { pauseFor } from '../pauseFor.ts';
import { untilEnded } from '../untilEnded.ts';
import { decideWait } from './decideWait.ts';
import { type Full, type LimiterPair, take } from './limiterPair.ts';

const longestPauseMs = 60 * 60 * 1000;
/** Those who waited for one moment go out over this time. */
const longestSpreadMs = 250;

/** Makes claims wait for room in a pair of counts. */
export function createLimiterBudget(
  pair: LimiterPair,
  limits: BudgetLimits,
  { clock, chance }: { readonly clock: Clock; readonly chance: () => number },
  close: () => void,
): GraphBudget {
  /** How much waits for each count of each key. */
  const waiting = new Map<string, number>();

  async function waitFor(full: Full, key: string, timeLeftMs: number, signal: AbortSignal) {
    const place = `${full.count} ${key}`;
    const ahead = waiting.get(place) ?? 0;
    const decision = decideWait({
      msBeforeNext: full.msBeforeNext,
      waiting: ahead,
      limit: pair[full.count].points,
      windowMs: limits.windowSeconds * 1000,
      timeLeftMs,
    });
    if (decision.kind === 'tooLate') {
      const { retryAfterMs } = decision;
      const message = "The budget towards Microsoft Graph has no room in the operation's time.";
      throw new GraphHeldBackError('throttled', message, { retryAfterMs });
    }
    const spreadMs = Math.min(chance() * longestSpreadMs, timeLeftMs - decision.waitMs);
    waiting.set(place, ahead + 1);
    try {
      await pauseFor(clock, decision.waitMs + spreadMs, signal);
    } finally {
      leave(place);
    }
  }

  function leave(place: string): void {
    const left = (waiting.get(place) ?? 1) - 1;
    if (left === 0) {
      waiting.delete(place);
    } else {
      waiting.set(place, left);
    }
  }

  return {
    async acquire({ key, requests, isWrite, timeLeftMs, signal }) {
      const deadlineMs = clock.now() + timeLeftMs;
      for (;;) {
        const full = await untilEnded(signal, take(pair, { key, requests, isWrite }));
        if (full === undefined) {
          return;
        }
        await waitFor(full, key, deadlineMs - clock.now(), signal);
      }
    },
    async pause(key, pauseMs) {
      const seconds = Math.ceil(Math.min(Math.max(pauseMs, 1), longestPauseMs) / 1000);
      await pair.requests.block(key, seconds);
    },
    close,
  };
}
