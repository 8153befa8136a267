import { expect } from '@jest/globals';

/** How many resources of each kind keep the process alive. */
export type ResourceCount = Readonly<Record<string, number>>;

/** What a test can leave behind; anything else, such as pipes to the test runner, comes and goes by itself. */
const kinds = [
  'Timeout',
  'TCPSocketWrap',
  'TCPServerWrap',
  'TCPConnectWrap',
  'TLSWrap',
  'GetAddrInfoReqWrap',
] as const;

/** Longer than jest's reporter, which can share the process, holds the timer that it starts after each test. */
const settlingMs = 150;
const patienceMs = 1000;
const pauseMs = 10;

/**
 * Counts the timers and sockets of this process that are not unref'd: the least of each within a moment, so that what
 * is just going away, or is jest's own, hides no leftover. For `beforeAll`, or for the start of a single test.
 */
export async function countResources(): Promise<ResourceCount> {
  let least = countNow();
  await poll(settlingMs, () => {
    const now = countNow();
    least = Object.fromEntries(
      kinds.map((kind) => [kind, Math.min(of(least, kind), of(now, kind))]),
    );
    return false;
  });
  return least;
}

/** Expects that, within a second, there is not more of anything than before. For `afterEach`, `afterAll` and tests. */
export async function expectNoLeftovers(before: ResourceCount): Promise<void> {
  await poll(patienceMs, () => Object.keys(leftoversSince(before)).length === 0);
  expect(leftoversSince(before)).toEqual({});
}

function leftoversSince(before: ResourceCount): ResourceCount {
  const now = countNow();
  return Object.fromEntries(
    kinds
      .map((kind) => [kind, of(now, kind) - of(before, kind)] as const)
      .filter(([, more]) => more > 0),
  );
}

function countNow(): ResourceCount {
  const active = process.getActiveResourcesInfo();
  return Object.fromEntries(
    kinds.map((kind) => [kind, active.filter((resource) => resource === kind).length]),
  );
}

const of = (count: ResourceCount, kind: string): number => count[kind] ?? 0;

/** Asks again and again until the answer is yes or the time is up; never while a timer of its own is active. */
async function poll(forMs: number, isDone: () => boolean): Promise<void> {
  const untilMs = performance.now() + forMs;
  while (!isDone() && performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
