import { abortable, type EndSignal } from '../shared/abort.ts';
import type { Clock } from '../shared/clock.ts';
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
   * Finds a key, looking for newer keys first where it is unknown.
   * @throws IdentityError if there are no keys at all, or the signal fires while they are waited for.
   */
  find(kid: string, signal: EndSignal): Promise<SigningKey | undefined>;
  /** Stops loading and leaves no timer behind. Keys that are there can still be found. */
  close(): void;
}

interface KeyStoreParts {
  readonly load: (signal: AbortSignal) => Promise<KeySet>;
  readonly clock: Clock;
  /** At least 0 and less than 1. */
  readonly chance: () => number;
  readonly log: Log;
  /** After how long good keys are looked at again, at the latest. */
  readonly refreshMs?: number | undefined;
}

const hourMs = 3_600_000;
const defaultRefreshMs = 24 * hourMs;
/** How long keys are used on when they should have been loaded again and cannot be. */
const outageMs = 24 * hourMs;
/** However many ask for keys that are unknown, the authority is asked no more often than this. */
const leastPauseMs = 10_000;

/** Starts to load keys, and keeps them: in use through outages, and no document that cannot be believed in their place. */
export function startKeyStore(parts: KeyStoreParts): KeyStore {
  const store = new RefreshedKeyStore(parts);
  store.start();
  return store;
}

class RefreshedKeyStore implements KeyStore {
  readonly #parts: KeyStoreParts;
  readonly #refreshMs: number;
  readonly #end = new AbortController();
  #good: { readonly keys: KeySet; readonly loadedAtMs: number } | undefined;
  #loading: Promise<void> | undefined;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #stopTimer = (): void => undefined;

  constructor(parts: KeyStoreParts) {
    this.#parts = parts;
    this.#refreshMs = parts.refreshMs ?? defaultRefreshMs;
  }

  start(): void {
    this.#stopTimer();
    this.#triedAtMs = this.#parts.clock.now();
    this.#loading = this.#load().finally(() => this.#endLoad());
  }

  get isReady(): boolean {
    return this.#good !== undefined;
  }

  get ageMs(): number | undefined {
    // A clock that was set back must not make keys younger than new.
    return this.#good && Math.max(0, this.#parts.clock.now() - this.#good.loadedAtMs);
  }

  async find(kid: string, signal: EndSignal): Promise<SigningKey | undefined> {
    const known = this.#usableKeys()?.get(kid);
    if (known !== undefined) {
      return known;
    }
    if (this.#loading === undefined && this.#mayLoad()) {
      this.start();
    }
    if (this.#loading !== undefined) {
      await abortable(signal, this.#loading, () => new IdentityError('wait-ended'));
    }
    const keys = this.#usableKeys();
    if (keys === undefined) {
      throw new IdentityError('keys-unavailable');
    }
    return keys.get(kid);
  }

  close(): void {
    this.#end.abort();
    this.#stopTimer();
  }

  #usableKeys(): KeySet | undefined {
    return (this.ageMs ?? 0) < this.#refreshMs + outageMs ? this.#good?.keys : undefined;
  }

  #mayLoad(): boolean {
    const passedMs = this.#parts.clock.now() - this.#triedAtMs;
    // If the clock was set back, the passed time is negative and unknown.
    return !this.#end.signal.aborted && (passedMs < 0 || passedMs >= leastPauseMs);
  }

  async #load(): Promise<void> {
    try {
      const keys = await this.#parts.load(this.#end.signal);
      this.#good = { keys, loadedAtMs: this.#parts.clock.now() };
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      this.#reportFailure(error);
    }
  }

  #endLoad(): void {
    const { clock, chance } = this.#parts;
    this.#loading = undefined;
    if (!this.#end.signal.aborted) {
      const wish = { failures: this.#failures, refreshMs: this.#refreshMs, chance: chance() };
      this.#stopTimer = clock.startTimer(pauseBeforeLoadMs(wish), () => this.start());
    }
  }

  #reportFailure(error: unknown): void {
    if (this.#end.signal.aborted) {
      return;
    }
    const { problem, systemCode } =
      error instanceof DocumentError ? error : { problem: 'unexpected', systemCode: undefined };
    this.#parts.log.warn('The keys to check tokens with could not be loaded.', {
      reason: problem,
      systemCode,
      state: this.#usableKeys() === undefined ? 'no keys' : 'the last valid keys stay in use',
    });
  }
}

/** What decides the pause before the next load. */
interface PauseWish {
  /** How many loads failed since the last good one. */
  readonly failures: number;
  readonly refreshMs: number;
  /** At least 0 and less than 1: it keeps replicas from asking all at once. */
  readonly chance: number;
}

const firstPauseMs = 10_000;
const longestPauseMs = 300_000;

/** How long to wait before keys are loaded again: long after a success, short and then longer after failures. */
function pauseBeforeLoadMs({ failures, refreshMs, chance }: PauseWish): number {
  const wholeMs =
    failures === 0
      ? refreshMs
      : Math.min(refreshMs, longestPauseMs, firstPauseMs * 2 ** (failures - 1));
  return wholeMs * (1 - chance / 5);
}
