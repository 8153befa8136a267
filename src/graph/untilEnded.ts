import { untilAborted } from '../shared/abort.ts';
import { endedErrorOf } from './endedError.ts';

/**
 * Waits for something, but no longer than the operation lasts.
 * @throws GraphDeadlineError as soon as the signal fires; what was waited for goes on by itself, unheard.
 */
export function untilEnded<Result>(signal: AbortSignal, awaited: Promise<Result>): Promise<Result> {
  return untilAborted(signal, awaited, endedErrorOf);
}
