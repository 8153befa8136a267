import fc from 'fast-check';
import { firstSeed } from '../volume.ts';

interface Run<Case> {
  readonly count: number;
  /** How many cases are played beside each other at the most. */
  readonly atOnce: number;
  readonly cases: fc.Arbitrary<Case>;
  /** Gives what is wrong, a text for each case that is not as it must be. */
  play(cases: readonly Case[]): Promise<readonly string[]>;
  /** How much was played until now; the number of cases where absent. */
  played?(): number;
  /** Called before each round, for a stage that would grow without end. */
  begin?(): Promise<void>;
}

const roundSize = 5_000;
/** How long a failure is made smaller; after that the smallest that was found is shown. */
const shrinkingMs = 20_000;

/** Plays random cases, the same ones for the same seed, in rounds; a failure names its seed and a small case. */
export async function playRandomCases<Case>(run: Run<Case>): Promise<number> {
  const { count, atOnce, cases, play, begin } = run;
  let playedCases = 0;
  const played = run.played ?? (() => playedCases);
  let giveUpAtMs = Number.POSITIVE_INFINITY;
  // Thousands of errors are made on purpose, and mapping their frames back to the sources would be a fifth of the time.
  Error.stackTraceLimit = 2;
  for (let seed = firstSeed; played() < count; seed += 1) {
    await begin?.();
    const group = fc.array(cases, { minLength: 1, maxLength: atOnce, size: 'max' });
    const property = fc.asyncProperty(group, async (together) => {
      if (performance.now() > giveUpAtMs) {
        return;
      }
      const problems = await play(together);
      if (problems.length > 0) {
        giveUpAtMs = Math.min(giveUpAtMs, performance.now() + shrinkingMs);
        throw new Error(`With SEED=${seed}:\n${problems.join('\n')}`);
      }
      playedCases += together.length;
    });
    const numRuns = Math.ceil((Math.min(roundSize, count - played()) / (atOnce + 1)) * 2);
    await fc.assert(property, { seed, numRuns });
  }
  return played();
}

/** Plays cases a few at a time, so that one which waits holds up no other. */
export async function playInLanes<Case>(
  cases: readonly Case[],
  lanes: number,
  play: (one: Case) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const waiting = [...cases];
  const work = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      problems.push(...(await play(one)));
    }
  };
  await Promise.all(Array.from({ length: lanes }, work));
  return problems;
}
