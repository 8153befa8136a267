import { randomUUID } from 'node:crypto';
import type { Config } from './config/config.ts';
import type { Surroundings } from './dependencies.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { systemClock } from './shared/clock.ts';
import { createMeasurements } from './telemetry/createMeasurements.ts';
import { createStartTrail } from './telemetry/createStartTrail.ts';
import { createLogger } from './telemetry/logger.ts';
import { startTelemetry } from './telemetry/startTelemetry.ts';

/** A gateway that tells of itself. */
export interface ObservedGateway extends Gateway {
  /** Where its metrics can be fetched; undefined where they cannot. */
  readonly metricsUrl: string | undefined;
}

const longestFlushMs = 5_000;
const shortestFlushMs = 500;

/** Starts telemetry, then the gateway in the surroundings that are given; the machine's own stand for the rest. */
export async function startObservedGateway(
  config: Config,
  given: Partial<Surroundings>,
): Promise<ObservedGateway> {
  const { clock = systemClock, log = createLogger(config.logLevel), newId = randomUUID } = given;
  const telemetry = await startTelemetry(config.telemetry, { clock, log, instanceId: newId() });
  const { metricsUrl } = telemetry;
  try {
    const gateway = await startGateway(config, {
      clock,
      log,
      newId,
      chance: Math.random,
      measurements: createMeasurements(telemetry.meter),
      startTrail: createStartTrail(telemetry.tracer),
      ...given,
    });
    if (metricsUrl !== undefined) {
      log.info('Metrics', { url: metricsUrl });
    }
    return {
      ...gateway,
      metricsUrl,
      async stop(delayMs) {
        const startedMs = clock.now();
        try {
          await gateway.stop(delayMs);
        } finally {
          const leftMs = config.drainTimeoutMs + delayMs - (clock.now() - startedMs);
          await telemetry.stop(Math.min(longestFlushMs, Math.max(shortestFlushMs, leftMs)));
        }
      },
    };
  } catch (error) {
    await telemetry.stop(0);
    throw error;
  }
}
