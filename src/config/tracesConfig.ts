import { namesCollector, type OtlpConfig, readOtlp } from './otlpConfig.ts';
import { type Readers, shown } from './readers.ts';

/** Which traces are recorded and sent. */
export interface TracesConfig {
  readonly otlp: OtlpConfig;
  readonly sampler: SamplerConfig;
  readonly batch: BatchConfig;
}

export interface SamplerConfig {
  readonly name: (typeof samplers)[number];
  /** From 0 to 1: how much of what begins here is recorded, where the sampler counts. */
  readonly ratio: number;
}

export interface BatchConfig {
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
  readonly scheduledDelayMs: number;
  readonly exportTimeoutMs: number;
}

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

const largestQueue = 100_000;
const longestExportMs = 600_000;

/** Reads whether traces are sent, and how; undefined where they are not. */
export function readTraces(readers: Readers): TracesConfig | undefined {
  const exporter = readers.oneOf('OTEL_TRACES_EXPORTER', ['otlp', 'none']);
  const isNamed = readers.text('OTEL_TRACES_EXPORTER') !== undefined;
  const isWanted = isNamed ? exporter === 'otlp' : namesCollector(readers, 'TRACES');
  const sampler = readSampler(readers);
  return isWanted
    ? { otlp: readOtlp(readers, 'TRACES'), sampler, batch: readBatch(readers) }
    : undefined;
}

function readSampler(readers: Readers): SamplerConfig {
  const name = readers.oneOf('OTEL_TRACES_SAMPLER', samplers) ?? 'parentbased_always_on';
  const text = readers.text('OTEL_TRACES_SAMPLER_ARG');
  const ratio = /^\d(\.\d{1,15})?$/.test(text ?? '1') ? Number(text ?? '1') : Number.NaN;
  const isUsable = ratio >= 0 && ratio <= 1;
  if (!isUsable) {
    readers.report(
      `OTEL_TRACES_SAMPLER_ARG is "${shown(text ?? '')}"; it must be a number from 0 to 1.`,
    );
  }
  return { name, ratio: isUsable ? ratio : 1 };
}

function readBatch(readers: Readers): BatchConfig {
  const number = (name: string, fallback: number, max: number) =>
    readers.wholeNumber(name, { min: 1, max, fallback });
  const batch = {
    maxQueueSize: number('OTEL_BSP_MAX_QUEUE_SIZE', 2048, largestQueue),
    maxExportBatchSize: number('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512, largestQueue),
    scheduledDelayMs: number('OTEL_BSP_SCHEDULE_DELAY', 5000, longestExportMs),
    exportTimeoutMs: number('OTEL_BSP_EXPORT_TIMEOUT', 30_000, longestExportMs),
  };
  if (batch.maxExportBatchSize > batch.maxQueueSize) {
    readers.report('OTEL_BSP_MAX_EXPORT_BATCH_SIZE must not be more than OTEL_BSP_MAX_QUEUE_SIZE.');
  }
  return batch;
}
