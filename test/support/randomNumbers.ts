/** Numbers that look random and are the same for the same seed: mulberry32, which is small, fast, and good enough. */
export function createRandomNumbers(seed: number) {
  let state = seed >>> 0;
  /** From 0 to 1, 1 excluded. */
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  /** A whole number from the least to the most, both included. */
  const between = (least: number, most: number): number =>
    least + Math.floor(fraction() * (most - least + 1));
  const pick = <Item>(items: readonly Item[]): Item => items[between(0, items.length - 1)] as Item;
  return { fraction, between, pick };
}
