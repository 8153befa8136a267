import type { Clock } from './shared/clock.ts';
import type { Log } from './telemetry/log.ts';
import type { Measurements } from './telemetry/metrics.ts';
import type { StartTrace } from './telemetry/trace.ts';

/** What the gateway takes from the outside. */
export interface Dependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly measurements: Measurements;
  readonly startTrace: StartTrace;
  /** From 0 to 1, 1 excluded; spreads what would otherwise happen at one moment. */
  readonly chance: () => number;
  readonly newId: () => string;
  /** Certificates of authorities that Graph's may be signed by, beside the machine's own, in PEM. */
  readonly certificateAuthorities?: readonly string[] | undefined;
}
