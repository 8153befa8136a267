import { describe, expect, it } from '@jest/globals';
import { playPlanCases } from '../support/planCases.ts';

describe('a compiled plan', () => {
  it('answers as graphql-js does, to the byte, for generated operations and values', async () => {
    const { valid, printed } = await playPlanCases(300);
    // Otherwise graphql-js would have been compared with itself.
    expect(printed).toBeGreaterThan(valid / 2);
  });
});
