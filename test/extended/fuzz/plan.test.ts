import { expect, it } from '@jest/globals';
import { playPlanCases } from '../../support/planCases.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';

const wanted = volumeOf(20_000);

it(
  'a compiled plan answers as graphql-js does, to the byte, for generated operations and values',
  async () => {
    const { valid, printed, unlike } = await playPlanCases(wanted);
    expect(valid).toBeGreaterThanOrEqual(wanted);
    expect(printed).toBeGreaterThan(valid / 2);
    expect(unlike).toBeLessThan(valid / 1_000);
  },
  timeLimitMs(wanted),
);
