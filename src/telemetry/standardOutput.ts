import { systemClock } from '../shared/clock.ts';
import { type BoundedSink, createBoundedSink } from './logSink.ts';

let shared: BoundedSink | undefined;

/** Gives the process's standard output as the one place for the lines of all its logs. */
export function standardOutput(): BoundedSink {
  shared ??= createBoundedSink(process.stdout, systemClock);
  return shared;
}
