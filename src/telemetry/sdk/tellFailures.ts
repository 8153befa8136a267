import { systemCodeOf } from '../../shared/systemCode.ts';
import type { TelemetryParts } from '../telemetryParts.ts';

/** The part of an exporter that is watched here. */
interface Exporter<Items, Result> {
  export(items: Items, done: (result: Result) => void): void;
}

interface ExportResult {
  /** 0 is a success. */
  readonly code: number;
  readonly error?: Error;
}

const toldAgainAfterMs = 60_000;

/**
 * Has the log told, once a minute at the most, that telemetry does not get through; an error's own text can hold what a
 * collector answered, so it stays out.
 */
export function tellFailures<Items, Result extends ExportResult>(
  exporter: Exporter<Items, Result>,
  what: 'traces' | 'metrics',
  { clock, log }: TelemetryParts,
): void {
  const send = exporter.export.bind(exporter);
  let toldAtMs = Number.NEGATIVE_INFINITY;
  exporter.export = (items, done) =>
    send(items, (result) => {
      if (result.code !== 0 && clock.now() - toldAtMs >= toldAgainAfterMs) {
        toldAtMs = clock.now();
        log.warn('Telemetry could not be sent', { reason: what, ...factsOf(result.error) });
      }
      done(result);
    });
}

function factsOf(error: unknown): { readonly status?: number; readonly systemCode?: string } {
  const status = typeof error === 'object' && error && 'code' in error ? error.code : undefined;
  const systemCode = systemCodeOf(error);
  return {
    ...(typeof status === 'number' && { status }),
    ...(systemCode !== undefined && { systemCode }),
  };
}
