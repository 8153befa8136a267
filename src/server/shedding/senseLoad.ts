import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Load } from './decideShedding.ts';

/** Starts to tell what the process has to bear, every tenth of a second; the returned function ends it. */
export type SenseLoad = (onLoad: (load: Load) => void) => () => void;

const tickMs = 20;
const ticksPerSample = 5;

/**
 * Senses the real process: how late a timer of its own is, and how full the heap is. Not by `monitorEventLoopDelay`,
 * whose timer can come behind the one that reads it, so that a block is seen only after the requests behind it were
 * let in.
 */
export const senseProcessLoad: SenseLoad = (onLoad) => {
  let lastMs = performance.now();
  let sampleMs = lastMs;
  /** Weighted by time, as somebody finds it who comes at any moment: a block counts for as long as it lasts. */
  let weightedMs = 0;
  let use = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    weightedMs += Math.max(0, nowMs - lastMs - tickMs) * (nowMs - lastMs);
    lastMs = nowMs;
    if (nowMs - sampleMs >= tickMs * ticksPerSample) {
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
      const total = performance.eventLoopUtilization();
      onLoad({
        eventLoopDelayMs: weightedMs / (nowMs - sampleMs),
        eventLoopUtilization: performance.eventLoopUtilization(total, use).utilization,
        heapUsedPercent: (used / limit) * 100,
      });
      use = total;
      sampleMs = nowMs;
      weightedMs = 0;
    }
  }, tickMs);
  timer.unref();
  return () => clearInterval(timer);
};
