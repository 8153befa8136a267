import { randomUUID } from 'node:crypto';
import type { Config } from './config/config.ts';
import type { Dependencies } from './dependencies.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { systemClock } from './shared/clock.ts';
import { createLogger } from './telemetry/log.ts';
import { createMeasurements } from './telemetry/metrics.ts';
import { startTelemetry } from './telemetry/startTelemetry.ts';
import { createStartTrace } from './telemetry/trace.ts';

export { type Config, type LogLevel, readConfig, type Upstream } from './config/config.ts';
export type { Environment } from './config/readers.ts';
export { ConfigError, StartError } from './config/readers.ts';
export type { Dependencies } from './dependencies.ts';
export type { Clock } from './shared/clock.ts';
export type { Log, LogFields } from './telemetry/log.ts';
export type { Measurements } from './telemetry/metrics.ts';
export type { StartTrace } from './telemetry/trace.ts';

/** Where a started gateway is found, and who answers it. */
export interface Addresses extends Pick<Gateway, 'url' | 'upstreamUrl'> {
  /** Where its metrics can be fetched; undefined if they cannot. */
  readonly metricsUrl: string | undefined;
}
type ObservedGateway = Gateway & Addresses;

/** A gateway inside the caller's own program. */
export interface OwnGateway {
  /** Builds everything and listens, once: further calls give the same answer. Rejects after a `stop`. */
  start(): Promise<Addresses>;
  /**
   * Waits for a start in progress, then stops in order: `/readyz` fails, after `delayMs` connections are refused
   * and operations in flight are finished. Where nothing was started, or starting failed, there is nothing to do.
   */
  stop(delayMs?: number): Promise<void>;
}

/**
 * Prepares a gateway; nothing happens before `start`. Without other dependencies it takes the machine's clock, random
 * ids, and a log of JSON lines on standard output.
 */
export function createGateway(
  config: Config,
  dependencies: Partial<Dependencies> = {},
): OwnGateway {
  let starting: Promise<ObservedGateway> | undefined;
  let stopping: Promise<void> | undefined;

  return {
    async start() {
      if (stopping !== undefined) {
        throw new Error('This gateway was stopped. Create another one to start again.');
      }
      starting ??= startObservedGateway(config, dependencies);
      const { url, upstreamUrl, metricsUrl } = await starting;
      return { url, upstreamUrl, metricsUrl };
    },
    stop(delayMs = 0) {
      stopping ??= Promise.resolve(starting).then(
        (gateway) => gateway?.stop(delayMs),
        () => undefined,
      );
      return stopping;
    },
  };
}

const longestFlushMs = 5_000;
const shortestFlushMs = 500;

/** Starts telemetry, then the gateway with the dependencies that are given; the machine's own stand for the rest. */
async function startObservedGateway(
  config: Config,
  given: Partial<Dependencies>,
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
      startTrace: createStartTrace(telemetry.tracerOf),
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
