/**
 * Bounds an LRU cache to a number of entries. Its own option `max` takes the memory for all of them at the start: with
 * 50,000 that is megabytes, and milliseconds, of a gateway that may never need them.
 */
export const atMost = (entries: number) => ({ maxSize: entries, sizeCalculation: (): number => 1 });
