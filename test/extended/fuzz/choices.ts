import fc from 'fast-check';

/**
 * Decisions drawn from bytes. What is built from them is repeated by fast-check's seed and shrinks with the bytes: once
 * they are used up, each decision is the simplest one, which is 0, no, or the first.
 */
export interface Choices {
  /** A whole number from 0 to the limit, which is excluded and 65,536 at the most. */
  below(limit: number): number;
  /** True with a probability of so many percent. */
  chance(percent: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** Between 0 and so many items, fewer more often. */
  some<Item>(most: number, make: () => Item): Item[];
  /** So many of the bytes that come next, or fewer where there are not as many, for choices of their own. */
  bytes(count: number): Uint8Array;
}

/** Makes choices of bytes. */
export function createChoices(bytes: Uint8Array): Choices {
  let position = 0;
  const next = (): number => bytes[position++] ?? 0;
  const below = (limit: number): number =>
    (limit <= 256 ? next() : next() * 256 + next()) % Math.max(1, limit);
  return {
    below,
    chance: (percent) => below(100) >= 100 - percent,
    pick<Item>(items: readonly Item[]): Item {
      if (items.length === 0) {
        throw new RangeError('Nothing can be picked from nothing');
      }
      return items[below(items.length)] as Item;
    },
    bytes(count) {
      const taken = bytes.subarray(position, position + count);
      position += count;
      return taken;
    },
    some: (most, make) => Array.from({ length: Math.min(below(most + 1), below(most + 1)) }, make),
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
