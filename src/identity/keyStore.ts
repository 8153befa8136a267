import { abortable, type Clock, EndController, type EndSignal } from '../shared/clock.ts';
import type { Log } from '../telemetry/log.ts';
import { DocumentError } from './documentClient.ts';
import { IdentityError } from './errors.ts';
import type { KeySet, SigningKey } from './keySet.ts';

/** The keys that tokens may be signed with. */
export interface KeyStore {
  /** Whether keys were loaded once. */
  readonly isReady: boolean;
  /** How long ago the keys in use were loaded; undefined if there are none. */
  readonly ageMs: number | undefined;
  /**
   * Finds a key, looking for newer keys first if it is unknown.
   * @throws IdentityError if there are no keys at all, or the signal fires while they are waited for.
   */
  find(kid: string, signal: EndSignal): Promise<SigningKey | undefined>;
  /** Stops loading and leaves no timer behind. Keys that are there can still be found. */
  close(): void;
}

interface KeyStoreParts {
  readonly load: (end: EndSignal) => Promise<KeySet>;
  readonly clock: Clock;
  /** At least 0 and less than 1: it keeps replicas from asking all at once. */
  readonly chance: () => number;
  readonly log: Log;
}

const dayMs = 24 * 3_600_000;
/** However many ask for keys that are unknown, the authority is asked no more often than this. */
const leastPauseMs = 10_000;
const longestPauseMs = 300_000;

/**
 * Starts to load keys, and keeps them: a day long, one day more through outages, and no document that cannot be believed
 * in their place.
 */
// Tried over jose's `createRemoteJWKSet`: longer, because it knows no issuer of a key, no age, no back-off and no clock but
// the machine's, and takes broken or short keys. What it would do here are an import and a promise to share.
export function startKeyStore({ load, clock, chance, log }: KeyStoreParts): KeyStore {
  const end = new EndController();
  let good: { readonly keys: KeySet; readonly loadedAtMs: number } | undefined;
  let loading: Promise<void> | undefined;
  let triedAtMs = 0;
  let failures = 0;
  let stopTimer = (): void => undefined;

  // A clock that was set back must not make keys younger than new.
  const ageMs = () => good && Math.max(0, clock.now() - good.loadedAtMs);
  const usableKeys = () => ((ageMs() ?? 0) < 2 * dayMs ? good?.keys : undefined);

  function start(): void {
    stopTimer();
    triedAtMs = clock.now();
    loading = loadOnce().finally(() => {
      loading = undefined;
      if (!end.aborted) {
        // Long after a success; short and then longer after failures.
        const backOffMs = Math.min(longestPauseMs, leastPauseMs * 2 ** (failures - 1));
        const pauseMs = (failures === 0 ? dayMs : backOffMs) * (1 - chance() / 5);
        stopTimer = clock.startTimer(pauseMs, start);
      }
    });
  }

  async function loadOnce(): Promise<void> {
    try {
      good = { keys: await load(end), loadedAtMs: clock.now() };
      failures = 0;
    } catch (error) {
      failures += 1;
      if (!end.aborted) {
        const { problem, systemCode } =
          error instanceof DocumentError ? error : { problem: 'unexpected', systemCode: undefined };
        const state = usableKeys() ? 'the last valid keys stay in use' : 'no keys';
        const fields = { reason: problem, systemCode, state };
        log.warn('The keys to check tokens with could not be loaded.', fields);
      }
    }
  }

  start();
  return {
    get isReady() {
      return good !== undefined;
    },
    get ageMs() {
      return ageMs();
    },
    async find(kid, signal) {
      const known = usableKeys()?.get(kid);
      if (known !== undefined) {
        return known;
      }
      const passedMs = clock.now() - triedAtMs;
      // If the clock was set back, the passed time is negative and unknown.
      if (!loading && !end.aborted && (passedMs < 0 || passedMs >= leastPauseMs)) {
        start();
      }
      if (loading !== undefined) {
        await abortable(signal, loading, () => new IdentityError('wait-ended'));
      }
      const keys = usableKeys();
      if (keys === undefined) {
        throw new IdentityError('keys-unavailable');
      }
      return keys.get(kid);
    },
    close() {
      end.abort();
      stopTimer();
    },
  };
}
