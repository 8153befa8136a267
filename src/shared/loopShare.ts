/** Work that takes long asks this between its units, so that the event loop stays free for everything else. */
export interface LoopShare {
  /** Whether this turn of the event loop has no time left for such work. */
  isUsedUp(): boolean;
  /** Waits for a later turn. Those who wait go on one by one, a turn each, in the order in which they came. */
  nextTurn(): Promise<void>;
}

/** How long all such work of the process may take in one turn, in milliseconds. */
const sliceMs = 10;

/** The time and the turns of the event loop, injected for tests. */
interface LoopShareParts {
  readonly now: () => number;
  readonly onNextTurn: (callback: () => void) => void;
}

/**
 * Divides the event loop among all operations of a process: the first work of a turn starts its time, and everybody
 * shares it. One who waits goes on per turn, so that neither many operations nor a long one keep the loop busy.
 */
export function createLoopShare(
  { now, onNextTurn }: LoopShareParts = {
    now: () => performance.now(),
    onNextTurn: (callback) => setImmediate(callback),
  },
): LoopShare {
  const waiting: (() => void)[] = [];
  let startedAt: number | undefined;

  function startTurn(): void {
    startedAt = now();
    onNextTurn(() => {
      startedAt = undefined;
      const next = waiting.shift();
      if (next !== undefined) {
        startTurn();
        next();
      }
    });
  }

  return {
    isUsedUp() {
      if (startedAt === undefined) {
        startTurn();
        return false;
      }
      return now() - startedAt >= sliceMs;
    },
    nextTurn() {
      if (startedAt === undefined) {
        startTurn();
      }
      return new Promise((resolve) => {
        waiting.push(resolve);
      });
    },
  };
}

/** A share that lets everything be done at once: for work that is small by its nature. */
export const wholeLoop: LoopShare = { isUsedUp: () => false, nextTurn: async () => undefined };

/** Lets the event loop turn once, between two steps that cannot be interrupted. */
export function laterTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Does something for each of `count` units; lets others go on between them if the turn's time is used up. */
export async function forEachUnit(
  share: LoopShare,
  count: number,
  work: (index: number) => void,
): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    if (share.isUsedUp()) {
      await share.nextTurn();
    }
    work(index);
  }
}

/** Sorts stably. Comparisons are its units of work, some of them between two looks at the share. */
export async function sortInSlices<Item>(
  items: readonly Item[],
  compare: (left: Item, right: Item) => number,
  share: LoopShare,
): Promise<Item[]> {
  const runLength = 32;
  let from: Item[] = [];
  for (let start = 0; start < items.length; start += runLength) {
    if (share.isUsedUp()) {
      await share.nextTurn();
    }
    from.push(...items.slice(start, start + runLength).sort(compare));
  }
  let to: Item[] = new Array(from.length);
  for (let width = runLength; width < from.length; width *= 2) {
    for (let start = 0; start < from.length; start += 2 * width) {
      const [middle, end] = [start + width, Math.min(start + 2 * width, from.length)];
      let [left, right] = [start, middle];
      for (let place = start; place < end; place += 1) {
        if (place % 16 === 0 && share.isUsedUp()) {
          await share.nextTurn();
        }
        const takesLeft =
          right >= end || (left < middle && compare(from[left] as Item, from[right] as Item) <= 0);
        to[place] = from[takesLeft ? left++ : right++] as Item;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
