/** A straight line through points, and how sure it is. */
export interface Slope {
  readonly perMinute: number;
  /** Half of the interval in which the true slope lies with 95 % certainty. */
  readonly uncertainty: number;
}

export interface Point {
  readonly minute: number;
  readonly value: number;
}

/** Of a normal distribution; with the hundreds of points of a soak, Student's differs from it by nothing. */
const standardErrors = 1.96;

/** Least squares. The uncertainty takes the points' errors for independent of each other. */
export function slopeOf(points: readonly Point[]): Slope {
  const mean = (of: (point: Point) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [meanMinute, meanValue] = [mean(({ minute }) => minute), mean(({ value }) => value)];
  const spread = points.reduce((sum, { minute }) => sum + (minute - meanMinute) ** 2, 0);
  const perMinute =
    points.reduce(
      (sum, { minute, value }) => sum + (minute - meanMinute) * (value - meanValue),
      0,
    ) / spread;
  const rest = points.reduce(
    (sum, { minute, value }) => sum + (value - meanValue - perMinute * (minute - meanMinute)) ** 2,
    0,
  );
  const uncertainty = standardErrors * Math.sqrt(rest / (points.length - 2) / spread);
  return { perMinute, uncertainty };
}

/** Whether the slope is at most so much, its uncertainty included: not only not seen, but excluded. */
export const isAtMost = ({ perMinute, uncertainty }: Slope, most: number): boolean =>
  perMinute + uncertainty <= most;
