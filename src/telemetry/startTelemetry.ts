import { type Meter, metrics, ProxyTracerProvider, type Tracer, trace } from '@opentelemetry/api';
import type { TelemetryConfig } from '../config/telemetry.ts';
import type { Clock } from '../shared/clock.ts';
import type { TelemetryParts } from './otlp.ts';

/** What is recorded of the gateway, and where. */
export interface Telemetry {
  /** Gives the tracer; undefined while tracing is off. */
  readonly tracerOf: () => Tracer | undefined;
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
  { resource, traces, metrics: metricsConfig }: TelemetryConfig,
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
  const { startSdk } = await import('./otel.ts');
  const sdk = await startSdk({ resource, traces, metrics: metricsConfig }, parts);
  const tracer = sdk.tracerProvider?.getTracer(scope);
  return {
    tracerOf: tracer === undefined ? globalTracer : () => tracer,
    meter: sdk.meterProvider?.getMeter(scope) ?? metrics.getMeter(scope),
    metricsUrl: sdk.metricsUrl,
    stop: (limitMs) => within(parts.clock, limitMs, sdk.stop()),
  };
}

/** The tracer of the program around the gateway, which may register one at any time. */
function globalTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  return provider instanceof ProxyTracerProvider
    ? provider.getDelegateTracer(scope)
    : provider.getTracer(scope);
}

function within(clock: Clock, limitMs: number, stopping: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const stopTimer = clock.startTimer(limitMs, resolve);
    const end = (): void => {
      stopTimer();
      resolve();
    };
    stopping.then(end, end);
  });
}
