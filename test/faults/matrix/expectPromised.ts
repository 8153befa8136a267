import { expect } from '@jest/globals';
import type { Seen } from '../lane/laneCaller.ts';
import type { ProcessCase } from './promised.ts';

/** Holds what was seen against what was promised; where it was seen more than once, each time. */
export function expectPromised(
  seen: readonly Seen[],
  { promised, operation }: ProcessCase<string>,
): void {
  expect(seen).not.toHaveLength(0);
  const { code, status, calls, isDone } = promised;
  for (const each of seen) {
    expect(each).toMatchObject({ code, status, isTrue: true });
    expect(each.calls).toBeGreaterThanOrEqual(calls[0]);
    expect(each.calls).toBeLessThanOrEqual(calls[1]);
    expect(each.executions).toBe(isDone && operation !== 'read' ? 1 : 0);
  }
}
