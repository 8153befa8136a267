import { readFileSync } from 'node:fs';
import { metrics, type Tracer, trace } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { TelemetryConfig, TracesConfig } from '../config/telemetry.ts';
import type { Clock } from '../shared/clock.ts';
import { isJsonObject } from '../shared/json.ts';
import type { TelemetryParts } from './otlp.ts';

const scope = 'compliance-partner-gateway';

/**
 * Starts what the configuration asks for; the SDK is loaded only then, and not made the program's global one. What is
 * not asked for goes to the global one, if the program around the gateway has registered one.
 * @throws StartError if metrics cannot be served, or a file that is named cannot be read.
 */
export async function startTelemetry(
  { resource: attributes, traces, metrics: metricsConfig }: TelemetryConfig,
  parts: TelemetryParts,
) {
  const startTracing = async (config: TracesConfig) => {
    const { startTraces } = await import('./otelTraces.ts');
    return startTraces(config, await resourceOf(attributes, parts.instanceId), parts);
  };
  const startMetering = async () => {
    const { startMetrics } = await import('./otelMetrics.ts');
    return startMetrics(metricsConfig, await resourceOf(attributes, parts.instanceId), parts);
  };
  const tracing = traces && (await startTracing(traces));
  const hasMetrics = metricsConfig.prometheus !== undefined || metricsConfig.otlp !== undefined;
  const metering = hasMetrics
    ? await startMetering().catch(async (error: unknown) => {
        await tracing?.shutdown();
        throw error;
      })
    : undefined;
  const tracer = tracing?.getTracer(scope);
  return {
    /** Gives the tracer. The program around the gateway may register one at any time. */
    tracerOf: (): Tracer => tracer ?? trace.getTracer(scope),
    meter: metering?.provider.getMeter(scope) ?? metrics.getMeter(scope),
    /** Where metrics can be fetched; undefined if they cannot. */
    metricsUrl: metering?.url,
    /** Sends what is left, for so long at the most, and stops. Never rejects. */
    stop: (limitMs: number): Promise<void> =>
      within(parts.clock, limitMs, Promise.allSettled([tracing?.shutdown(), metering?.stop()])),
  };
}

async function resourceOf(
  attributes: TelemetryConfig['resource'],
  instanceId: string,
): Promise<Resource> {
  const { defaultResource, resourceFromAttributes } = await import('@opentelemetry/resources');
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const manifest: unknown = JSON.parse(text);
  const version = isJsonObject(manifest) ? manifest['version'] : '';
  const own = { 'service.version': String(version), 'service.instance.id': instanceId };
  return defaultResource().merge(resourceFromAttributes({ ...own, ...attributes }));
}

function within(clock: Clock, limitMs: number, stopping: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const stopTimer = clock.startTimer(limitMs, resolve);
    stopping.finally(() => {
      stopTimer();
      resolve();
    });
  });
}
