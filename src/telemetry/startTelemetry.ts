import { readFileSync } from 'node:fs';
import { type Meter, metrics, type Tracer, trace } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { TelemetryConfig } from '../config/telemetry.ts';
import type { Clock } from '../shared/clock.ts';
import { isJsonObject } from '../shared/json.ts';
import type { TelemetryParts } from './otlp.ts';

/** What is recorded of the gateway, and where. */
interface Telemetry {
  /** Gives the tracer; it records nothing while tracing is off. */
  readonly tracerOf: () => Tracer;
  readonly meter: Meter;
  /** Where metrics can be fetched; undefined if they cannot. */
  readonly metricsUrl: string | undefined;
  /** Sends what is left, for so long at the most, and stops. Never rejects. */
  stop(limitMs: number): Promise<void>;
}

const scope = 'compliance-partner-gateway';

/**
 * Starts what the configuration asks for; the SDK is loaded only then, and not made the program's global one. What is
 * not asked for goes to the global one, if the program around the gateway has registered one.
 * @throws StartError if metrics cannot be served, or a file that is named cannot be read.
 */
export async function startTelemetry(
  { resource: attributes, traces, metrics: metricsConfig }: TelemetryConfig,
  parts: TelemetryParts,
): Promise<Telemetry> {
  const hasMetrics = metricsConfig.prometheus !== undefined || metricsConfig.otlp !== undefined;
  if (traces === undefined && !hasMetrics) {
    return {
      tracerOf: globalTracer,
      meter: metrics.getMeter(scope),
      metricsUrl: undefined,
      stop: async () => undefined,
    };
  }
  const resource = await resourceOf(attributes, parts.instanceId);
  const tracing =
    traces && (await (await import('./otelTraces.ts')).startTraces(traces, resource, parts));
  const startMetering = async () =>
    (await import('./otelMetrics.ts')).startMetrics(metricsConfig, resource, parts);
  const metering = hasMetrics
    ? await startMetering().catch(async (error: unknown) => {
        await tracing?.shutdown();
        throw error;
      })
    : undefined;
  const tracer = tracing?.getTracer(scope);
  return {
    tracerOf: tracer === undefined ? globalTracer : () => tracer,
    meter: metering?.provider.getMeter(scope) ?? metrics.getMeter(scope),
    metricsUrl: metering?.url,
    stop: (limitMs) =>
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

/** The tracer of the program around the gateway, which may register one at any time. */
const globalTracer = (): Tracer => trace.getTracer(scope);

function within(clock: Clock, limitMs: number, stopping: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const stopTimer = clock.startTimer(limitMs, resolve);
    stopping.finally(() => {
      stopTimer();
      resolve();
    });
  });
}
