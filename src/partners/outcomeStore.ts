import { randomUUID } from 'node:crypto';
import { untilEnded } from '../graph/errors.ts';
import type { Clock, EndSignal } from '../shared/clock.ts';
import { GatewayError } from './errors.ts';
import { createRedisHolds, type RedisParts } from './leases.ts';

/** For so long a repeat gets the first outcome. */
const keptForMs = 24 * 60 * 60 * 1000;

/** One use of a key. Everything is a digest. */
export interface KeyUse {
  /** The caller and the key. */
  readonly id: string;
  readonly caller: string;
  /** The mutation and its input. */
  readonly input: string;
}

export interface KeptText {
  readonly text: string;
  /** Kept instead if there is no room for the text. */
  readonly short: string;
  /** Whether it is known, so that no repeat has to look. */
  readonly isFinal: boolean;
}

/** The right to be the only one that works under a key, until it is settled. */
interface KeyHold {
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
const entryBytes = 512;
/** What is set aside for an outcome that is still to come. */
const reservedBytes = 4096;

function callerBytesOf(storeBytes: number): number {
  return Math.floor(storeBytes / 100);
}

/** When room may be there again: what is set aside for requests in flight is soon free, outcomes are when they expire. */
function retryAfterMsOf(oldestLeftMs: number): number {
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

interface RedisOutcomeOptions {
  /** How much all outcomes may take in Redis, in bytes. */
  readonly storeBytes: number;
  /** Longer than any operation lasts: a replica that holds a key longer is dead. */
  readonly leaseMs: number;
}

/**
 * The keys of all scripts: the record of one use, the ends of all records, and the bytes of all, of each caller and of
 * each record. Redis's own clock counts, because those of replicas differ.
 */
const prelude = `
local record, ends, sizes = KEYS[1], KEYS[2], KEYS[3]
local id, owner = ARGV[1], ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local isOwner = redis.call('HGET', record, 'owner') == owner
local function charge(caller, bytes)
  redis.call('HINCRBY', sizes, 'all', bytes)
  if redis.call('HINCRBY', sizes, 'caller:' .. caller, bytes) <= 0 then
    redis.call('HDEL', sizes, 'caller:' .. caller)
  end
end
local function sizeOf(other)
  local bytes, caller = string.match(redis.call('HGET', sizes, 'record:' .. other) or '', '^(%d+) (.*)$')
  return tonumber(bytes or '0'), caller
end
local function setSize(other, caller, bytes)
  charge(caller, bytes - sizeOf(other))
  redis.call('HSET', sizes, 'record:' .. other, bytes .. ' ' .. caller)
end
local function forget(other)
  local bytes, caller = sizeOf(other)
  if caller then
    charge(caller, -bytes)
  end
  redis.call('HDEL', sizes, 'record:' .. other)
  redis.call('ZREM', ends, other)
end
local function hasRoom(caller, bytes, all, most)
  return (tonumber(redis.call('HGET', sizes, 'all') or '0') + bytes <= tonumber(all))
    and (tonumber(redis.call('HGET', sizes, 'caller:' .. caller) or '0') + bytes <= tonumber(most))
end`;

/** Arguments: input, caller, lease, time of keeping, bytes to reserve, bytes of all, bytes of a caller. */
const take = `${prelude}
local input, caller, leaseMs, keptMs, reserved, all, most = unpack(ARGV, 3)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, 100)) do
  forget(gone)
end
local known = redis.call('HMGET', record, 'input', 'until', 'isSent', 'isFinal', 'text')
if known[1] then
  if known[1] ~= input then
    return { 'reused' }
  end
  if known[4] == '1' then
    return { 'kept', known[5] }
  end
  if known[2] and tonumber(known[2]) > now then
    return { 'busy' }
  end
  redis.call('HSET', record, 'owner', owner, 'until', now + leaseMs)
  if known[3] == '1' then
    return { 'doubt', known[5] or '' }
  end
  return { 'first' }
end
forget(id)
if not hasRoom(caller, reserved, all, most) then
  local oldest = redis.call('ZRANGE', ends, 0, 0, 'WITHSCORES')
  return { 'full', math.floor(tonumber(oldest[2] or now) - now) }
end
redis.call('HSET', record, 'input', input, 'owner', owner, 'until', now + leaseMs)
redis.call('PEXPIRE', record, keptMs)
redis.call('ZADD', ends, now + keptMs, id)
setSize(id, caller, tonumber(reserved))
return { 'first' }`;

/** Arguments: lease. */
const confirmation = `${prelude}
if not isOwner then
  return 0
end
redis.call('HSET', record, 'isSent', '1', 'until', now + ARGV[3])
return 1`;

/**
 * Arguments: text, its short form, whether it is final, bytes beside a text, bytes of all, bytes of a caller. Without a
 * text the key is free again; with a short form even so, only if no attempt may have been sent.
 */
const settlement = `${prelude}
local text, short, isFinal, beside, all, most = unpack(ARGV, 3)
if not isOwner then
  return 0
end
if text == '' then
  if short ~= '' and redis.call('HGET', record, 'isSent') == '1' then
    return redis.call('HDEL', record, 'owner', 'until')
  end
  redis.call('DEL', record)
  forget(id)
  return 1
end
local bytes, caller = sizeOf(id)
if caller then
  local more = #text + beside - bytes
  if more > 0 and not hasRoom(caller, more, all, most) then
    text = short
  end
  setSize(id, caller, #text + beside)
end
redis.call('HSET', record, 'text', text, 'isFinal', isFinal, 'isSent', '1')
redis.call('HDEL', record, 'owner', 'until')
return 1`;

const withdrawn: KeptText = { text: '', short: 'if not sent', isFinal: false };
const free: KeptText = { text: '', short: '', isFinal: false };

const [endsKey, sizesKey] = ['idempotency-ends:{idempotency}', 'idempotency-bytes:{idempotency}'];

/**
 * Makes the store that all replicas share. A replica that dies leaves its key to the next request after its lease: free
 * if nothing was sent, in doubt otherwise. If Redis cannot be asked, no key is taken.
 */
export function createRedisOutcomes(
  { storeBytes, leaseMs }: RedisOutcomeOptions,
  parts: RedisParts,
): OutcomeStore {
  const { poll, tell } = createRedisHolds(parts);
  const room = [storeBytes, callerBytesOf(storeBytes)] as const;
  return {
    async take({ id, input, caller }, signal) {
      const owner = randomUUID();
      // The braces keep all keys on one node of a cluster.
      const keys = [`idempotency-outcome:{idempotency}:${id}`, endsKey, sizesKey] as const;
      const run = (script: string, ...args: readonly (string | number)[]): Promise<unknown> =>
        parts.redis.eval(script, 3, ...keys, id, owner, ...args);
      const send = ({ text, short, isFinal }: KeptText): Promise<unknown> =>
        run(settlement, text, short, isFinal ? '1' : '0', entryBytes, ...room);
      const hold = {
        async confirm() {
          if ((await run(confirmation, leaseMs).catch(redisAway)) !== 1) {
            throw new GatewayError('UPSTREAM_UNAVAILABLE', lostKey);
          }
        },
        settle(outcome: KeptText = free) {
          const short = { ...outcome, text: outcome.text && outcome.short };
          // One that can never fit is not even sent.
          const isLarge = Buffer.byteLength(outcome.text) > room[1];
          return tell(
            owner,
            () => send(isLarge ? short : outcome),
            () => send(short),
          );
        },
      };
      const takeOnce = async (): Promise<Taken | undefined> => {
        const args = [input, caller, leaseMs, keptForMs, reservedBytes, ...room];
        const answer = await run(take, ...args).catch((error: unknown) => {
          // Redis may have taken the hold even though its answer is lost.
          void tell(owner, () => send(withdrawn));
          return redisAway(error);
        });
        const [kind, value] = Array.isArray(answer) ? answer : [];
        switch (kind) {
          case 'busy':
            return undefined;
          case 'kept':
            return { kind, text: String(value) };
          case 'doubt':
            return { kind, text: value === '' ? undefined : String(value), hold };
          case 'full':
            return { kind, retryAfterMs: retryAfterMsOf(Number(value)) };
          case 'first':
            return { kind, hold };
          case 'reused':
            return { kind };
          default:
            throw new TypeError('Redis answered something that the script does not say');
        }
      };
      return poll(takeOnce, signal);
    },
  };
}

const lostKey =
  'The mutation lost its idempotencyKey to another request, so nothing was sent. Retry with the same key.';

function redisAway(error: unknown): never {
  throw new GatewayError(
    'UPSTREAM_UNAVAILABLE',
    'Redis, which keeps the outcomes of idempotency keys, is unavailable, so nothing was sent. Retry with the same key.',
    {},
    error,
  );
}
