/** A straight line through points, and how sure it is. */
export interface Slope {
  readonly bytesPerRequest: number;
  /** Half of the interval in which the true slope lies with 95 % certainty. */
  readonly uncertainty: number;
}

export interface Point {
  readonly requests: number;
  readonly bytes: number;
}

/** Of a normal distribution; with the hundreds of points of a soak, Student's differs from it by nothing. */
const standardErrors = 1.96;

/** Least squares. The uncertainty takes the points' errors for independent of each other. */
export function slopeOf(points: readonly Point[]): Slope {
  const mean = (of: (point: Point) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const middle = { x: mean(({ requests }) => requests), y: mean(({ bytes }) => bytes) };
  const centred = points.map(({ requests, bytes }) => [requests - middle.x, bytes - middle.y]);
  const sum = (of: (x: number, y: number) => number): number =>
    centred.reduce((total, [x = 0, y = 0]) => total + of(x, y), 0);
  const spread = sum((x) => x ** 2);
  const bytesPerRequest = sum((x, y) => x * y) / spread;
  const rest = sum((x, y) => (y - bytesPerRequest * x) ** 2);
  const uncertainty = standardErrors * Math.sqrt(rest / (points.length - 2) / spread);
  return { bytesPerRequest, uncertainty };
}

/** Whether the slope is at most so much, its uncertainty included: not only not seen, but excluded. */
export const isAtMost = ({ bytesPerRequest, uncertainty }: Slope, most: number): boolean =>
  bytesPerRequest + uncertainty <= most;
