import type { Config } from './config/config.ts';
import type { Surroundings } from './dependencies.ts';
import { type ObservedGateway, startObservedGateway } from './startObservedGateway.ts';

export { type Config, type LogLevel, readConfig, type Upstream } from './config/config.ts';
export { ConfigError } from './config/configError.ts';
export type { Environment } from './config/readers.ts';
export { StartError } from './config/startError.ts';
export type { Surroundings } from './dependencies.ts';
export type { Clock } from './shared/clock.ts';
export type { Log, LogFields } from './telemetry/log.ts';
export type { Measurements } from './telemetry/metrics.ts';
export type { StartTrail } from './telemetry/trace.ts';

/** Where a started gateway is found, and who answers it. */
export type Addresses = Pick<ObservedGateway, 'url' | 'upstreamUrl' | 'metricsUrl'>;

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
  let starting: Promise<ObservedGateway> | undefined;
  let stopping: Promise<void> | undefined;

  return {
    async start() {
      if (stopping !== undefined) {
        throw new Error('This gateway was stopped. Create another one to start again.');
      }
      starting ??= startObservedGateway(config, surroundings);
      const { url, upstreamUrl, metricsUrl } = await starting;
      return { url, upstreamUrl, metricsUrl };
    },
    stop(delayMs = 0) {
      stopping ??= stopStarted(starting, delayMs);
      return stopping;
    },
  };
}

async function stopStarted(
  starting: Promise<ObservedGateway> | undefined,
  delayMs: number,
): Promise<void> {
  const gateway = await starting?.catch(() => undefined);
  await gateway?.stop(delayMs);
}
