import type { RandomSummary } from './runRandomFaults.ts';

/** The summary of a run as lines for people. */
export function summaryTable(summary: RandomSummary): string {
  const { seed, requests, durationMs, outcomes, misdeeds, cases } = summary;
  const seconds = durationMs / 1000;
  const rows: readonly (readonly [string, string])[] = [
    ['seed', String(seed)],
    ['requests', String(requests)],
    ...Object.entries(outcomes)
      .sort(([, left], [, right]) => right - left)
      .map(([outcome, count]) => [`  ${outcome}`, String(count)] as const),
    ['hangs', String(misdeeds.hang)],
    ['double adds', String(misdeeds['double add'])],
    ['wrong answers', String(misdeeds['wrong answer'])],
    ['latest end', `${Math.round(summary.worstOvertimeMs)} ms after the deadline`],
    ['latest timer', `${Math.round(summary.worstLatenessMs)} ms`],
    ['seconds', seconds.toFixed(0)],
    ['requests/s', (requests / seconds).toFixed(0)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  return [...lines, ...cases].join('\n');
}

/** One line that says how far a run has come. */
export function progressLine({ requests, durationMs, misdeeds }: RandomSummary): string {
  const { hang, 'double add': doubleAdds, 'wrong answer': wrongAnswers } = misdeeds;
  return `${requests} requests in ${(durationMs / 1000).toFixed(0)} s: ${hang} hangs, ${doubleAdds} double adds, ${wrongAnswers} wrong answers`;
}
