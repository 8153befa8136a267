/** The seed of all random tests; `SEED` repeats a failure, which shows the seed that it needs. */
export const firstSeed = readNumber('SEED', 20_261_124);

const factor = readNumber('VOLUME', 1);

/** How many cases are played: as many as usual, times `VOLUME`. `VOLUME=10` is a long run, `VOLUME=0.01` a look. */
export const volumeOf = (usual: number): number => Math.ceil(usual * factor);

/** Much more than so many cases take, even on a busy machine. */
export const timeLimitMs = (count: number): number => 600_000 + count * 50;

function readNumber(name: string, usual: number): number {
  const value = Number(process.env[name] || usual);
  if (!(value > 0)) {
    throw new RangeError(`${name} must be a number above 0, not ${process.env[name]}`);
  }
  return value;
}
