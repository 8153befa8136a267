import type { Readers } from './readers.ts';

/** From when on requests are refused before they are read. */
export interface SheddingConfig {
  /** How late the event loop may be, on average, before fewer requests are let in at the same time; 0 sets no bound. */
  readonly eventLoopDelayMs: number;
  /** How much of the heap's limit may be in use; 0 sets no bound. */
  readonly heapPercent: number;
  /** How many requests may be open at the same time, whatever the event loop says; 0 sets no bound. */
  readonly openRequests: number;
}

/** Reads when to shed. */
export function readShedding(readers: Readers): SheddingConfig {
  return {
    eventLoopDelayMs: readers.wholeNumber('SHED_EVENT_LOOP_DELAY_MS', {
      min: 0,
      max: 10_000,
      fallback: 200,
    }),
    heapPercent: readers.wholeNumber('SHED_HEAP_PERCENT', { min: 0, max: 99, fallback: 90 }),
    openRequests: readers.wholeNumber('SHED_OPEN_REQUESTS', {
      min: 0,
      max: 100_000,
      fallback: 1_000,
    }),
  };
}
