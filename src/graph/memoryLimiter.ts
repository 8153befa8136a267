import RateLimiterAbstract from 'rate-limiter-flexible/lib/RateLimiterAbstract.js';
import RateLimiterRes from 'rate-limiter-flexible/lib/RateLimiterRes.js';

interface MemoryLimiterOptions {
  readonly points: number;
  readonly windowSeconds: number;
  /** In milliseconds; it may jump. */
  readonly now: () => number;
}

/** What was consumed of a key since its window or its block began. */
interface Count {
  consumed: number;
  startedMs: number;
  readonly lastsMs: number;
}

/**
 * Counts in this process, on the injected clock. The library's own memory limiter reads `Date` and starts a timer for
 * each key, so nothing could be judged in virtual time.
 */
export class MemoryLimiter extends RateLimiterAbstract {
  readonly #now: () => number;
  readonly #counts = new Map<string, Count>();
  #sweptMs: number;

  constructor({ points, windowSeconds, now }: MemoryLimiterOptions) {
    super({ points, duration: windowSeconds });
    this.#now = now;
    this.#sweptMs = now();
  }

  /** Counts if there is room; else nothing is counted. */
  tryConsume(key: string, points: number): boolean {
    const count = this.#counts.get(key);
    if (count === undefined || this.#leftMs(count) === 0) {
      const fits = points <= this.points;
      if (fits) {
        this.#start(key, points, this.msDuration);
      }
      return fits;
    }
    const hasRoom = count.consumed + points <= this.points;
    count.consumed += hasRoom ? points : 0;
    return hasRoom;
  }

  giveBack(key: string, points: number): void {
    this.#add(key, -points);
  }

  override async consume(key: string, points = 1): Promise<RateLimiterRes> {
    const result = this.#add(key, points);
    if (result.consumedPoints > this.points) {
      throw result;
    }
    return result;
  }

  override async reward(key: string, points = 1): Promise<RateLimiterRes> {
    return this.#add(key, -points);
  }

  override async block(key: string, seconds: number): Promise<RateLimiterRes> {
    return this.#start(key, this.points + 1, seconds * 1000);
  }

  #add(key: string, points: number): RateLimiterRes {
    const count = this.#counts.get(key);
    if (count === undefined || this.#leftMs(count) === 0) {
      return this.#start(key, points, this.msDuration);
    }
    count.consumed += points;
    return this.#resultOf(count);
  }

  #start(key: string, consumed: number, lastsMs: number): RateLimiterRes {
    this.#sweep();
    const count = { consumed, startedMs: this.#now(), lastsMs };
    this.#counts.set(key, count);
    return this.#resultOf(count);
  }

  /** Until the window ends. If the clock is set back meanwhile, the window begins anew. */
  #leftMs(count: Count): number {
    const nowMs = this.#now();
    count.startedMs = Math.min(count.startedMs, nowMs);
    return Math.max(0, count.startedMs + count.lastsMs - nowMs);
  }

  #resultOf(count: Count): RateLimiterRes {
    const { consumed } = count;
    return new RateLimiterRes(Math.max(0, this.points - consumed), this.#leftMs(count), consumed);
  }

  /** Forgets what is over, once in a window: tokens come and go. */
  #sweep(): void {
    if (Math.abs(this.#now() - this.#sweptMs) < this.msDuration) {
      return;
    }
    this.#sweptMs = this.#now();
    for (const [key, count] of this.#counts) {
      if (this.#leftMs(count) === 0) {
        this.#counts.delete(key);
      }
    }
  }
}
