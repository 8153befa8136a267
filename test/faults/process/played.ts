import type { Ending, LaneCaller } from '../lane/laneCaller.ts';
import { type Seen, type SeenStage, seenOf } from '../lane/seen.ts';
import type { LaneOperation } from '../lane/tellsTheTruth.ts';

/** What was seen of each operation that met a fault, as often as it met it. */
export type SeenByOperation = Readonly<Record<LaneOperation, readonly Seen[]>>;

/** The same for each fault, so that the compiler misses one that was never played. */
export type Played<Faults> = Readonly<Record<keyof Faults, SeenByOperation>>;

/** Has something closed in the end, whatever became of the test; what comes last is closed first. */
export type CloseLater = (close: () => Promise<unknown>) => void;

/** A caller and how it ended for it. */
export interface Met {
  readonly caller: LaneCaller;
  readonly ending: Ending;
}

/** Lets all of them do something at the same time, and gives how it ended for each. */
export function meet(
  callers: readonly LaneCaller[],
  how: (caller: LaneCaller) => Promise<Ending>,
): Promise<readonly Met[]> {
  return Promise.all(callers.map(async (caller) => ({ caller, ending: await how(caller) })));
}

/** Looks at what became of each. */
export function lookAt(stage: SeenStage, met: readonly Met[], sinceMs: number): SeenByOperation {
  return byOperation((operation) =>
    met
      .filter(({ caller }) => caller.intent.operation === operation)
      .map(({ caller, ending }) => seenOf(stage, caller, ending, sinceMs)),
  );
}

/** Gives each operation what was seen of it. */
export const byOperation = (
  seenOfEach: (operation: LaneOperation) => readonly Seen[],
): SeenByOperation => ({
  read: seenOfEach('read'),
  add: seenOfEach('add'),
  update: seenOfEach('update'),
  delete: seenOfEach('delete'),
});

const patienceMs = 20_000;

/** Waits for something that nobody tells; rejects where it does not come. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > untilMs) {
      throw new Error(`This did not come: ${holds}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
