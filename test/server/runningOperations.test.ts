import { describe, expect, it } from '@jest/globals';
import { createRunningOperations } from '../../src/server/runningOperations.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('createRunningOperations', () => {
  it('has none to wait for at the start', async () => {
    await createRunningOperations().whenNone();
  });

  it('waits until the last one has ended, however often the first one says so', async () => {
    const operations = createRunningOperations();
    const [endFirst, endSecond] = [operations.begin(), operations.begin()];
    let waiters = 2;
    const waiting = [operations.whenNone(), operations.whenNone()].map((none) =>
      none.then(() => {
        waiters -= 1;
      }),
    );
    endFirst();
    endFirst();
    await turn();
    expect(waiters).toBe(2);
    endSecond();
    await Promise.all(waiting);
    expect(waiters).toBe(0);
  });
});
