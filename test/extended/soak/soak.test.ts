import { expect, it } from '@jest/globals';
import { firstSeed, timeLimitMs, volumeOf } from '../volume.ts';
import { runSoak } from './runSoak.ts';
import { isAtMost } from './slope.ts';

/** `VOLUME=30` soaks for an hour. */
const minutes = volumeOf(2);

// An hour can exclude a smaller slope than a few minutes can.
const isLong = minutes >= 30;
const mostMegabytesPerMinute = isLong ? 0.1 : 1;

it(
  `a gateway holds no more after ${minutes} minutes of callers, good and bad, and a Graph that fails`,
  async () => {
    const { heap, growth, exitCode } = await runSoak({
      minutes,
      warmUpMinutes: isLong ? 5 : minutes / 4,
      seed: firstSeed,
      print: (text) => void process.stderr.write(`${text}\n`),
    });
    expect({ ...heap, isAtMost: isAtMost(heap, mostMegabytesPerMinute) }).toMatchObject({
      isAtMost: true,
    });
    expect(growth).toEqual([]);
    expect(exitCode).toBe(0);
  },
  timeLimitMs(minutes * 2_000),
);
