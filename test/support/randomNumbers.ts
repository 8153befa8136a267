/** Numbers that look random and are the same for the same seed. */
export interface RandomNumbers {
  /** From 0 to 1, 1 excluded. */
  fraction(): number;
  /** A whole number from the least to the most, both included. */
  between(least: number, most: number): number;
  pick<Item>(items: readonly Item[]): Item;
}

/** Makes a mulberry32 generator: small, fast, and good enough to choose faults. */
export function createRandomNumbers(seed: number): RandomNumbers {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number): number =>
    least + Math.floor(fraction() * (most - least + 1));
  return {
    fraction,
    between,
    pick(items) {
      const item = items[between(0, items.length - 1)];
      if (item === undefined) {
        throw new RangeError('Nothing can be picked from nothing');
      }
      return item;
    },
  };
}
