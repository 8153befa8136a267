import { untilEnded } from '../graph/errors.ts';
import type { Clock, EndSignal } from '../shared/clock.ts';

/** For so long a repeat gets the first outcome. */
export const keptForMs = 24 * 60 * 60 * 1000;

/** One use of a key. Everything is a digest. */
export interface KeyUse {
  /** The caller and the key. */
  readonly id: string;
  readonly caller: string;
  /** The mutation and its input. */
  readonly input: string;
}

/** An outcome to keep. */
export interface KeptText {
  readonly text: string;
  /** Kept instead if there is no room for the text. */
  readonly short: string;
  /** Whether it is known, so that no repeat has to look. */
  readonly isFinal: boolean;
}

/** The right to be the only one that works under a key, until it is settled. */
export interface KeyHold {
  /** Notes just before a write that it may have been sent. @throws GatewayError if nothing may be sent. */
  confirm(): Promise<void>;
  /** Ends the hold with an outcome; undefined frees the key. */
  settle(outcome: KeptText | undefined): Promise<void>;
}

/** What a store says to the use of a key. */
export type Taken =
  | { readonly kind: 'first'; readonly hold: KeyHold }
  | { readonly kind: 'kept'; readonly text: string }
  /** An earlier attempt may have written; the text is its outcome, if it left one. */
  | { readonly kind: 'doubt'; readonly text: string | undefined; readonly hold: KeyHold }
  | { readonly kind: 'reused' }
  | { readonly kind: 'full'; readonly retryAfterMs: number };

/** Keeps outcomes. A full store takes no new keys, and drops none. */
export interface OutcomeStore {
  /** Waits while another request holds the key. @throws GraphError when the signal fires before. */
  take(use: KeyUse, signal: EndSignal): Promise<Taken>;
}

/** What an entry takes beside its text, in bytes, about. */
export const entryBytes = 512;
/** What is set aside for an outcome that is still to come. */
export const reservedBytes = 4096;

/** The share of a store that one caller may fill. */
export function callerBytesOf(storeBytes: number): number {
  return Math.floor(storeBytes / 100);
}

/** When room may be there again: what is set aside for requests in flight is soon free, outcomes are when they expire. */
export function retryAfterMsOf(oldestLeftMs: number): number {
  return Math.min(Math.max(oldestLeftMs, 1_000), 60_000);
}

interface Entry {
  readonly use: KeyUse;
  readonly untilMs: number;
  bytes: number;
  /** As bytes, because they are counted and lie outside of the heap. */
  kept?: { readonly text: Buffer; readonly isFinal: boolean };
  /** Resolves when the request that holds the key has ended; undefined if none does. */
  held?: Promise<void> | undefined;
}

/** Makes the store of one replica. */
export function createMemoryOutcomes(storeBytes: number, clock: Clock): OutcomeStore {
  // In the order in which they were taken, which is that of their ends.
  const entries = new Map<string, Entry>();
  const bytesByCaller = new Map<string, number>();
  const callerBytes = callerBytesOf(storeBytes);
  let total = 0;

  const bytesOf = (caller: string): number => bytesByCaller.get(caller) ?? 0;
  const hasRoom = (caller: string, bytes: number): boolean =>
    total + bytes <= storeBytes && bytesOf(caller) + bytes <= callerBytes;

  function setSize(entry: Entry, bytes: number): void {
    const { caller } = entry.use;
    const now = bytesOf(caller) + bytes - entry.bytes;
    total += bytes - entry.bytes;
    entry.bytes = bytes;
    if (now > 0) {
      bytesByCaller.set(caller, now);
    } else {
      bytesByCaller.delete(caller);
    }
  }

  function remove(entry: Entry): void {
    entries.delete(entry.use.id);
    setSize(entry, 0);
  }

  function sweep(nowMs: number): void {
    for (const entry of entries.values()) {
      if (entry.untilMs > nowMs) {
        break;
      }
      remove(entry);
    }
  }

  function hold(entry: Entry): KeyHold {
    let end = (): void => undefined;
    entry.held = new Promise((resolve) => {
      end = resolve;
    });
    return {
      confirm: async () => undefined,
      async settle(outcome) {
        entry.held = undefined;
        end();
        if (entries.get(entry.use.id) !== entry) {
          return;
        }
        if (outcome === undefined) {
          remove(entry);
          return;
        }
        const more = entryBytes + Buffer.byteLength(outcome.text) - entry.bytes;
        const isFitting = more <= 0 || hasRoom(entry.use.caller, more);
        const text = Buffer.from(isFitting ? outcome.text : outcome.short);
        setSize(entry, entryBytes + text.length);
        entry.kept = { text, isFinal: outcome.isFinal };
      },
    };
  }

  function takeFirst(use: KeyUse, nowMs: number): Taken {
    if (!hasRoom(use.caller, reservedBytes)) {
      const [oldest] = entries.values();
      return { kind: 'full', retryAfterMs: retryAfterMsOf((oldest?.untilMs ?? nowMs) - nowMs) };
    }
    const entry: Entry = { use, untilMs: nowMs + keptForMs, bytes: 0 };
    entries.set(use.id, entry);
    setSize(entry, reservedBytes);
    return { kind: 'first', hold: hold(entry) };
  }

  return {
    async take(use, signal) {
      for (;;) {
        const nowMs = clock.now();
        sweep(nowMs);
        const known = entries.get(use.id);
        if (known === undefined) {
          return takeFirst(use, nowMs);
        }
        if (known.use.input !== use.input) {
          return { kind: 'reused' };
        }
        if (known.held === undefined) {
          const text = known.kept?.text.toString();
          return known.kept?.isFinal === true && text !== undefined
            ? { kind: 'kept', text }
            : { kind: 'doubt', text, hold: hold(known) };
        }
        // Of several that wait, only one goes on: there is no wait between this and its hold.
        await untilEnded(signal, known.held);
      }
    },
  };
}
