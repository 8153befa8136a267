import fc from 'fast-check';
import { firstSeed } from '../volume.ts';

/**
 * Decisions drawn from bytes. What is built from them is repeated by fast-check's seed and shrinks with the bytes: once
 * they are used up, each decision is the simplest one, which is 0, no, or the first.
 */
export type Choices = ReturnType<typeof createChoices>;

/** Makes choices of bytes. */
export function createChoices(bytes: Uint8Array) {
  let position = 0;
  const next = (): number => bytes[position++] ?? 0;
  /** A whole number from 0 to the limit, which is excluded and 65,536 at the most. */
  const below = (limit: number): number =>
    (limit <= 256 ? next() : next() * 256 + next()) % Math.max(1, limit);
  return {
    below,
    /** True with a probability of so many percent. */
    chance: (percent: number): boolean => below(100) >= 100 - percent,
    pick: <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item,
    /** So many of the bytes that come next, or fewer if there are not as many, for choices of their own. */
    bytes(count: number): Uint8Array {
      position += count;
      return bytes.subarray(position - count, position);
    },
    /** Between 0 and so many items, fewer more often. */
    some: <Item>(most: number, make: () => Item): Item[] =>
      Array.from({ length: Math.min(below(most + 1), below(most + 1)) }, make),
  };
}

/** Builds anything from choices; `size` is how many bytes they have at the most. */
export function built<Thing>(
  size: number,
  build: (choices: Choices) => Thing,
): fc.Arbitrary<Thing> {
  // Four bytes are drawn at once: fast-check's work for each number it draws was more than all that is tested with it.
  const words = fc.uint32Array({ maxLength: Math.ceil(size / 4), size: 'max' });
  return fc
    .noBias(words)
    .map(({ buffer, byteOffset, byteLength }) =>
      build(createChoices(new Uint8Array(buffer, byteOffset, byteLength))),
    );
}

interface Run<Case> {
  readonly count: number;
  /** How many cases are played beside each other at the most. */
  readonly atOnce: number;
  readonly cases: fc.Arbitrary<Case>;
  /** Gives what is wrong, a text for each case that is not as it must be. */
  play(cases: readonly Case[]): Promise<readonly string[]>;
  /** How much was played until now; the number of cases if absent. */
  played?(): number;
}

const roundSize = 5_000;
/** How long a failure is made smaller; after that the smallest that was found is shown. */
const shrinkingMs = 20_000;

/** Plays random cases, the same ones for the same seed, in rounds; a failure names its seed and a small case. */
export async function playRandomCases<Case>({ count, atOnce, cases, play, ...run }: Run<Case>) {
  let playedCases = 0;
  const { played = () => playedCases } = run;
  let giveUpAtMs = Number.POSITIVE_INFINITY;
  // Thousands of errors are made on purpose, and mapping their frames back to the sources would be a fifth of the time.
  Error.stackTraceLimit = 2;
  for (let seed = firstSeed; played() < count; seed += 1) {
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
