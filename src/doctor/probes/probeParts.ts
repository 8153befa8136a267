import { untilAborted } from '../../shared/abort.ts';
import type { Clock } from '../../shared/clock.ts';
import type { ProxySettings } from '../../shared/proxy.ts';
import { systemCodeOf } from '../../shared/systemCode.ts';

/** What probes take from the outside. */
export interface ProbeParts {
  readonly clock: Clock;
  /** How long one probe may take. */
  readonly timeoutMs: number;
  /** Certificates of authorities to trust beside the machine's own, in PEM. */
  readonly certificateAuthorities?: readonly string[] | undefined;
  /** The forward proxies of the configuration. */
  readonly proxies?: ProxySettings | undefined;
}

/** A probe that took longer than it may. */
export class ProbeTimeout extends Error {
  readonly code = 'timeout';
}

/** Runs a probe within its time. @throws ProbeTimeout; the signal fires then, and after everything else too. */
export async function withinTimeout<Result>(
  { clock, timeoutMs }: ProbeParts,
  probe: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const end = new AbortController();
  const stopTimer = clock.startTimer(timeoutMs, () => end.abort());
  try {
    return await untilAborted(end.signal, probe(end.signal), () => new ProbeTimeout());
  } finally {
    stopTimer();
    end.abort();
  }
}

/** The short word that says why something failed: a system's or a library's code, never a sentence with data in it. */
export function reasonOf(error: unknown): string {
  return systemCodeOf(error) ?? 'unknown';
}
