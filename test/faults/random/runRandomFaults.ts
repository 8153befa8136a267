import { describeCase, drawCase, type RandomCase } from './drawCase.ts';
import { type Misdeed, playCase, type Verdict } from './playCase.ts';
import { type RandomLane, startRandomLane } from './randomLanes.ts';

export interface RandomRun {
  readonly runs: number;
  readonly seed: number;
  /** The index of the first case; 0 where absent. */
  readonly from?: number;
  /** How many gateways are asked beside each other. */
  readonly lanes: number;
  /** Whether bodies of 100 MB and gzip bombs are among the faults, if rarely. */
  readonly withHeavyFaults: boolean;
  readonly onProgress?: (summary: RandomSummary) => void;
}

/** What became of a run until now. */
export interface RandomSummary {
  readonly seed: number;
  readonly requests: number;
  readonly durationMs: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly misdeeds: Readonly<Record<Misdeed, number>>;
  /** The worst of those with misdeeds, as many as a person reads. */
  readonly cases: readonly string[];
  /** The latest end after a deadline, and the latest timer of the process. */
  readonly worstOvertimeMs: number;
  readonly worstLatenessMs: number;
}

const leastTimeoutMs = 400;
const timeoutStepMs = 50;
const timeouts = 5;
/** A lane remembers all that it received. */
const casesPerLane = 500;
const reportedCases = 20;
const progressEveryRequests = 1000;

/** Plays random cases on several lanes. Rejects only where the machinery itself fails. */
export async function runRandomFaults(run: RandomRun): Promise<RandomSummary> {
  const { runs, seed, from = 0, lanes, withHeavyFaults, onProgress } = run;
  const startedMs = performance.now();
  const outcomes: Record<string, number> = {};
  const misdeeds: Record<Misdeed, number> = { hang: 0, 'double add': 0, 'wrong answer': 0 };
  const cases: string[] = [];
  let [requests, worstOvertimeMs, worstLatenessMs, next] = [0, -Infinity, 0, from];

  const summary = (): RandomSummary => ({
    seed,
    requests,
    durationMs: performance.now() - startedMs,
    outcomes,
    misdeeds,
    cases,
    worstOvertimeMs,
    worstLatenessMs,
  });

  function note(one: RandomCase, verdict: Verdict): void {
    requests += 1;
    outcomes[verdict.outcome] = (outcomes[verdict.outcome] ?? 0) + 1;
    worstOvertimeMs = Math.max(worstOvertimeMs, verdict.overtimeMs);
    worstLatenessMs = Math.max(worstLatenessMs, verdict.latenessMs);
    for (const misdeed of verdict.misdeeds) {
      misdeeds[misdeed] += 1;
    }
    if (verdict.misdeeds.length > 0 && cases.length < reportedCases) {
      cases.push(
        `case ${one.index}: ${verdict.misdeeds.join(', ')}: ${describeCase(one)}: ` +
          `${verdict.outcome}, ${Math.round(verdict.overtimeMs)} ms after the deadline: ${verdict.text}`,
      );
    }
    if (requests % progressEveryRequests === 0) {
      onProgress?.(summary());
    }
  }

  async function work(number: number): Promise<void> {
    let lane: RandomLane | undefined;
    let played = 0;
    while (next < from + runs) {
      const one = drawCase(seed, next, withHeavyFaults);
      next += 1;
      lane ??= await startRandomLane(leastTimeoutMs + (number % timeouts) * timeoutStepMs);
      const verdict = await playCase(lane, one);
      note(one, verdict);
      played += 1;
      if (!verdict.isLaneGood || played % casesPerLane === 0) {
        await lane.close();
        lane = undefined;
      }
    }
    await lane?.close();
  }

  await Promise.all(Array.from({ length: lanes }, (_, number) => work(number)));
  return summary();
}

/** Whether nothing happened that must not. */
export function isClean({ misdeeds }: RandomSummary): boolean {
  return Object.values(misdeeds).every((count) => count === 0);
}
