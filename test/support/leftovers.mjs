import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';

const pauseMs = 5;
/** Within so many turns of the event loop most of what is being closed is gone. */
const turns = 20;

/** Counts what keeps this process alive, by kind: timers and sockets that are not unref'd, processes and the like. */
export function countResources() {
  const count = {};
  for (const kind of process.getActiveResourcesInfo()) {
    count[kind] = (count[kind] ?? 0) + 1;
  }
  return count;
}

/**
 * Gives what there is more of than before, kind by kind; nothing as soon as there is nothing within the patience, because
 * what is closed goes away a little later.
 */
export async function findLeftovers(before, patienceMs = 1000, isExcused = () => false) {
  const untilMs = performance.now() + patienceMs;
  let left = moreThan(before, isExcused);
  for (let tries = 0; Object.keys(left).length > 0 && performance.now() < untilMs; tries += 1) {
    await (tries < turns ? turn() : pause(pauseMs));
    left = moreThan(before, isExcused);
  }
  return left;
}

function moreThan(before, isExcused) {
  return Object.fromEntries(
    Object.entries(countResources())
      .map(([kind, count]) => [kind, count - (before[kind] ?? 0)])
      .filter(([kind, more]) => more > 0 && !isExcused(kind)),
  );
}
