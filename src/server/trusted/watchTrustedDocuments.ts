import type { TrustedDocuments } from '../../graphql/trusted.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Measurements } from '../../telemetry/metrics.ts';
import { loadTrustedDocuments, type ManifestPlace, readState } from './loadTrustedDocuments.ts';
import type { ManifestRules } from './readManifest.ts';

/** Looking at the files works on all file systems, and with the links that Kubernetes swaps in a volume. */
const intervalMs = 5_000;
const longestReason = 500;

export interface WatchParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'trustedDocumentsReloaded'>;
}

/** Trusted documents that are read again when their files change. */
export interface WatchedDocuments {
  readonly documents: TrustedDocuments;
  stop(): void;
}

/**
 * Reads a manifest again whenever its files change, given what was loaded after the files had this state. If it cannot be
 * used, the documents from before stay, and the log says why.
 */
export function watchTrustedDocuments(
  loaded: { readonly trusted: TrustedDocuments; readonly state: string },
  place: ManifestPlace,
  rules: ManifestRules,
  { clock, log, measurements }: WatchParts,
): WatchedDocuments {
  let { trusted: current, state } = loaded;
  let isStopped = false;
  let stopTimer = (): void => undefined;

  async function look(): Promise<void> {
    const newState = await readState(place.path);
    if (newState === state) {
      return;
    }
    // Before they are read: what changes meanwhile is seen the next time.
    state = newState;
    const reloaded = await loadTrustedDocuments(place, rules);
    if ('trusted' in reloaded) {
      current = reloaded.trusted;
      measurements.trustedDocumentsReloaded('loaded');
      log.info('Reloaded the trusted documents');
    } else {
      measurements.trustedDocumentsReloaded('rejected');
      const reason = reloaded.problems.join(' ').slice(0, longestReason);
      log.error('Cannot reload the trusted documents; the previous ones stay in use', { reason });
    }
  }

  function schedule(): void {
    stopTimer = clock.startTimer(intervalMs, async () => {
      await look().catch((error: unknown) =>
        log.error('Cannot reload the trusted documents; the previous ones stay in use', {}, error),
      );
      if (!isStopped) {
        schedule();
      }
    });
  }

  schedule();
  return {
    documents: {
      mode: place.mode,
      find: (id) => current.find(id),
      has: (text) => current.has(text),
      areSame: (one, other) => current.areSame(one, other),
    },
    stop() {
      isStopped = true;
      stopTimer();
    },
  };
}
