import type { Clock } from '../shared/clock.ts';
import type { Log } from './log.ts';

/** What telemetry takes from the outside. */
export interface TelemetryParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Tells this replica from others. */
  readonly instanceId: string;
}
