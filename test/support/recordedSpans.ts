import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { createStartTrail } from '../../src/telemetry/createStartTrail.ts';
import type { StartTrail } from '../../src/telemetry/trail.ts';

/** Trails whose spans are kept in memory, as they were written: nothing stands before them that would redact. */
export function recordingTrails(
  sampler: Sampler = new ParentBasedSampler({ root: new AlwaysOnSampler() }),
): {
  readonly startTrail: StartTrail;
  spans(): readonly ReadableSpan[];
} {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  const provider = new TracerProvider({ sampler, spanProcessors });
  return {
    startTrail: createStartTrail(provider.getTracer('test')),
    spans: () => exporter.getFinishedSpans(),
  };
}
