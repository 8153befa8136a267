import type {
  AttemptMeasurement,
  Measurements,
  RequestMeasurement,
} from '../../src/telemetry/measurements.ts';

/** Measurements that nobody takes. */
export const noMeasurements: Measurements = {
  attempt: () => undefined,
  underWay: () => undefined,
  request: () => undefined,
  watchKeyAge: () => () => undefined,
  watchTokenCache: () => () => undefined,
  heldBack: () => undefined,
  breakerState: () => undefined,
  tokenAcquired: () => undefined,
  tokenLookedUp: () => undefined,
  outcomeUnknown: () => undefined,
};

/** Measurements that are kept. */
export function recordingMeasurements(): Measurements & {
  readonly attempts: readonly AttemptMeasurement[];
  readonly requests: readonly RequestMeasurement[];
  readonly events: readonly string[];
} {
  const attempts: AttemptMeasurement[] = [];
  const requests: RequestMeasurement[] = [];
  const events: string[] = [];
  return {
    ...noMeasurements,
    attempts,
    requests,
    events,
    attempt: (measurement) => attempts.push(measurement),
    request: (measurement) => requests.push(measurement),
    heldBack: (reason) => events.push(`held back by ${reason}`),
    breakerState: (state) => events.push(`breaker ${state}`),
    tokenAcquired: ({ flow, outcome }) => events.push(`${flow} ${outcome}`),
    tokenLookedUp: (lookup) => events.push(`token ${lookup}`),
    outcomeUnknown: (operation) => events.push(`outcome of ${operation} unknown`),
  };
}
