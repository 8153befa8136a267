import { expect } from '@jest/globals';
import type { Seen } from '../lane/seen.ts';
import { type LaneOperation, laneOperations } from '../lane/tellsTheTruth.ts';
import {
  isLeftOut,
  type LeftOut,
  type ProcessFault,
  type ProcessFaults,
  type Promised,
} from '../matrix/processFault.ts';

/** What a busy machine adds to the time that something may take, in milliseconds. */
const graceMs = 5_000;

/** One fault against one operation. */
export interface ProcessCase<Name> {
  readonly number: number;
  readonly name: Name;
  readonly operation: LaneOperation;
  readonly promised: Promised;
  readonly withinMs: number;
}

/** All combinations that there are. */
export function casesOf<Faults extends ProcessFaults>(
  faults: Faults,
): readonly ProcessCase<keyof Faults & string>[] {
  return Object.entries<ProcessFault>(faults).flatMap(([name, { number, withinMs, cells }]) =>
    laneOperations.flatMap((operation) => {
      const promised: Promised | LeftOut = cells[operation];
      return isLeftOut(promised) ? [] : [{ number, name, operation, promised, withinMs }];
    }),
  );
}

/** Holds what was seen against what was promised; where it was seen more than once, each time. */
export function expectPromised(
  seen: readonly Seen[],
  { promised, withinMs, operation }: ProcessCase<string>,
): void {
  expect(seen).not.toHaveLength(0);
  const { code, status, calls, isDone } = promised;
  for (const each of seen) {
    expect(each).toMatchObject({ code, status, isTrue: true });
    expect(each.calls).toBeGreaterThanOrEqual(calls[0]);
    expect(each.calls).toBeLessThanOrEqual(calls[1]);
    expect(each.executions).toBe(isDone && operation !== 'read' ? 1 : 0);
    expect(each.durationMs).toBeLessThanOrEqual(withinMs + graceMs);
  }
}
