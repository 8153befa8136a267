import { describe, expect, it } from '@jest/globals';
import { playPlanCases } from '../../support/planCases.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';

const wanted = volumeOf(20_000);

describe('a compiled plan', () => {
  it(
    'answers as graphql-js does, to the byte, for many generated operations and values',
    async () => {
      const { valid, printed, unlike } = await playPlanCases(wanted);
      expect(valid).toBeGreaterThanOrEqual(wanted);
      expect(printed).toBeGreaterThan(valid / 2);
      expect(unlike).toBeLessThan(valid / 1_000);
    },
    timeLimitMs(wanted),
  );
});
