import type { Resource } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { OtlpConfig, SamplerConfig, TracesConfig } from '../config/telemetry.ts';
import { otlpOptionsOf } from './otlp.ts';
import { createRedactingProcessor } from './sdk/redactingProcessor.ts';
import { tellFailures } from './sdk/tellFailures.ts';
import type { TelemetryParts } from './telemetryParts.ts';

export interface RunningTraces {
  readonly provider: TracerProvider;
  /** Sends what is left. */
  stop(): Promise<void>;
}

/** Starts to record spans and to send them in batches; none leaves without having been redacted. */
export async function startTraces(
  { otlp, sampler, batch }: TracesConfig,
  resource: Resource,
  parts: TelemetryParts,
): Promise<RunningTraces> {
  const exporter = await createTraceExporter(otlp);
  tellFailures(exporter, 'traces', parts);
  const batches = new BatchSpanProcessor({
    exporter,
    maxQueueSize: batch.maxQueueSize,
    maxExportBatchSize: batch.maxExportBatchSize,
    scheduledDelayMillis: batch.scheduledDelayMs,
    exportTimeoutMillis: batch.exportTimeoutMs,
  });
  const provider = new TracerProvider({
    resource,
    sampler: samplerOf(sampler),
    spanProcessors: [createRedactingProcessor(batches)],
  });
  return { provider, stop: () => provider.shutdown() };
}

async function createTraceExporter(otlp: OtlpConfig): Promise<SpanExporter> {
  const options = await otlpOptionsOf(otlp);
  const { OTLPTraceExporter } =
    otlp.protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter(options);
}

function samplerOf({ name, ratio }: SamplerConfig): Sampler {
  switch (name) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio);
    case 'parentbased_always_on':
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) });
  }
}
