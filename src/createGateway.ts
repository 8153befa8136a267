import { randomUUID } from 'node:crypto';
import { metrics } from '@opentelemetry/api';
import { systemClock } from './clock.ts';
import type { Config } from './config/config.ts';
import { type Gateway, startGateway } from './gateway.ts';
import type { Surroundings } from './surroundings.ts';
import { createMeasurements } from './telemetry/createMeasurements.ts';
import { createLogger } from './telemetry/logger.ts';

export type { Clock } from './clock.ts';
export { type Config, type LogLevel, readConfig, type Upstream } from './config/config.ts';
export { ConfigError } from './config/configError.ts';
export type { Environment } from './config/readers.ts';
export type { Surroundings } from './surroundings.ts';
export type { Log, LogFields } from './telemetry/log.ts';
export type { Measurements } from './telemetry/measurements.ts';

/** Where a started gateway is found, and who answers it. */
export type Addresses = Pick<Gateway, 'url' | 'upstreamUrl'>;

/** A gateway inside the caller's own program. */
export interface OwnGateway {
  /** Builds everything and listens, once: further calls give the same answer. Rejects after a `stop`. */
  start(): Promise<Addresses>;
  /**
   * Waits for a start that is under way, then stops in order: `/readyz` fails, after `delayMs` connections are refused
   * and operations in flight are finished. Where nothing was started, or starting failed, there is nothing to do.
   */
  stop(delayMs?: number): Promise<void>;
}

/**
 * Prepares a gateway; nothing happens before `start`. Without other surroundings it takes the machine's clock, random
 * ids, and a log of JSON lines on standard output.
 */
export function createGateway(
  config: Config,
  surroundings: Partial<Surroundings> = {},
): OwnGateway {
  let starting: Promise<Gateway> | undefined;
  let stopping: Promise<void> | undefined;

  return {
    async start() {
      if (stopping !== undefined) {
        throw new Error('This gateway was stopped. Create another one to start again.');
      }
      starting ??= startGateway(config, {
        clock: systemClock,
        log: surroundings.log ?? createLogger(config.logLevel),
        measurements: createMeasurements(metrics.getMeter('compliance-partner-gateway')),
        chance: Math.random,
        newId: randomUUID,
        ...surroundings,
      });
      const { url, upstreamUrl } = await starting;
      return { url, upstreamUrl };
    },
    stop(delayMs = 0) {
      stopping ??= stopStarted(starting, delayMs);
      return stopping;
    },
  };
}

async function stopStarted(starting: Promise<Gateway> | undefined, delayMs: number): Promise<void> {
  const gateway = await starting?.catch(() => undefined);
  await gateway?.stop(delayMs);
}
