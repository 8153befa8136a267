import type { Outcome, Sample } from './openLoad.ts';

/** What a phase of a load came to. */
export interface Summary {
  readonly acceptedPerSecond: number;
  readonly acceptedP50Ms: number;
  readonly acceptedP99Ms: number;
  readonly refused: number;
  readonly refusedP99Ms: number;
  readonly wrong: number;
  /** What was wrong about the first of them. */
  readonly firstWrong: Outcome | undefined;
}

/** The value below which a share of all lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Sums up the samples of so many seconds. */
export function summarize(samples: readonly Sample[], seconds: number): Summary {
  const latencies = (outcome: Outcome): readonly number[] =>
    samples.filter((sample) => sample.outcome === outcome).map(({ latencyMs }) => latencyMs);
  const accepted = latencies('accepted');
  const refused = latencies('refused');
  const wrong = samples.filter(({ outcome }) => outcome.startsWith('wrong'));
  return {
    acceptedPerSecond: accepted.length / seconds,
    acceptedP50Ms: percentile(accepted, 0.5),
    acceptedP99Ms: percentile(accepted, 0.99),
    refused: refused.length,
    refusedP99Ms: percentile(refused, 0.99),
    wrong: wrong.length,
    firstWrong: wrong[0]?.outcome,
  };
}

/**
 * Gives after how many whole seconds no request was rejected any more and answers were as quick again as `p99Ms`; undefined
 * where that did not come.
 */
export function secondsToNormal(samples: readonly Sample[], p99Ms: number): number | undefined {
  const last = Math.max(...samples.map(({ atMs }) => atMs));
  const slow = samples.filter(
    ({ atMs, latencyMs, outcome }) =>
      outcome !== 'accepted' || (latencyMs > p99Ms && isTail(samples, atMs, p99Ms)),
  );
  const end = Math.max(0, ...slow.map(({ atMs }) => Math.floor(atMs / 1000) + 1));
  return end > last / 1000 ? undefined : end;
}

/** Whether more than one in a hundred of the same second was as slow. */
function isTail(samples: readonly Sample[], atMs: number, p99Ms: number): boolean {
  const second = samples.filter(
    (sample) => Math.floor(sample.atMs / 1000) === Math.floor(atMs / 1000),
  );
  return (
    percentile(
      second.map(({ latencyMs }) => latencyMs),
      0.99,
    ) > p99Ms
  );
}

/** One line of the report. */
export function lineOf(name: string, { ...summary }: Summary): string {
  const ms = (value: number): string => `${value.toFixed(0).padStart(5)} ms`;
  return (
    `${name.padEnd(10)} accepted ${summary.acceptedPerSecond.toFixed(0).padStart(5)}/s  ` +
    `p50 ${ms(summary.acceptedP50Ms)}  p99 ${ms(summary.acceptedP99Ms)}   ` +
    `refused ${String(summary.refused).padStart(6)}  p99 ${ms(summary.refusedP99Ms)}   ${summary.firstWrong ?? 'wrong 0'}${summary.wrong > 1 ? ` (${summary.wrong} of them)` : ''}`
  );
}
