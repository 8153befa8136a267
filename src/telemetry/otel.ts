import { readFileSync } from 'node:fs';
import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { defaultResource, type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import type { TelemetryConfig } from '../config/telemetry.ts';
import type { RunningMetrics } from './otelMetrics.ts';
import type { TelemetryParts } from './otlp.ts';

/** OpenTelemetry's SDK as this gateway uses it: beside whatever else is in the process, not for all of it. */
interface Sdk {
  readonly tracerProvider: TracerProvider | undefined;
  readonly meterProvider: MeterProvider | undefined;
  readonly metricsUrl: string | undefined;
  stop(): Promise<unknown>;
}

/** Starts traces and metrics, those that are asked for. @throws StartError */
export async function startSdk(
  { resource: attributes, traces, metrics }: TelemetryConfig,
  parts: TelemetryParts,
): Promise<Sdk> {
  const resource = resourceOf(attributes, parts.instanceId);
  const hasMetrics = metrics.prometheus !== undefined || metrics.otlp !== undefined;
  const tracing =
    traces && (await (await import('./otelTraces.ts')).startTraces(traces, resource, parts));
  const startMetering = async (): Promise<RunningMetrics> =>
    (await import('./otelMetrics.ts')).startMetrics(metrics, resource, parts);
  const metering = hasMetrics
    ? await startMetering().catch(async (error: unknown) => {
        await tracing?.stop();
        throw error;
      })
    : undefined;
  return {
    tracerProvider: tracing?.provider,
    meterProvider: metering?.provider,
    metricsUrl: metering?.url,
    stop: () => Promise.allSettled([tracing?.stop(), metering?.stop()]),
  };
}

function resourceOf(attributes: Readonly<Record<string, string>>, instanceId: string): Resource {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  const version =
    typeof manifest === 'object' && manifest && 'version' in manifest ? manifest.version : '';
  return defaultResource().merge(
    resourceFromAttributes({
      'service.version': String(version),
      'service.instance.id': instanceId,
      ...attributes,
    }),
  );
}
