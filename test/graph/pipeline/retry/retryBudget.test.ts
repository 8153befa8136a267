import { describe, expect, it } from '@jest/globals';
import { createRetryBudget } from '../../../../src/graph/pipeline/retry/retryBudget.ts';

function spend(budget: ReturnType<typeof createRetryBudget>): number {
  let taken = 0;
  while (budget.hasOne()) {
    budget.take();
    taken += 1;
  }
  return taken;
}

describe('createRetryBudget', () => {
  it('has thirty to begin with, and no more after the quietest time', () => {
    let nowMs = 0;
    const budget = createRetryBudget(() => nowMs);
    expect(spend(budget)).toBe(30);
    nowMs += 3_600_000;
    expect(spend(budget)).toBe(30);
  });

  it('gets three more each second', () => {
    let nowMs = 0;
    const budget = createRetryBudget(() => nowMs);
    spend(budget);
    nowMs += 2000;
    expect(spend(budget)).toBe(6);
  });

  it('gets one more with each ten requests', () => {
    const budget = createRetryBudget(() => 0);
    spend(budget);
    for (let request = 0; request < 51; request += 1) {
      budget.deposit();
    }
    expect(spend(budget)).toBe(5);
  });

  it('loses nothing where the clock is set back', () => {
    let nowMs = 10_000;
    const budget = createRetryBudget(() => nowMs);
    nowMs = 0;
    expect(spend(budget)).toBe(30);
  });
});
