import type { Dispatcher } from 'undici';
import { Pool } from 'undici';
import { trustIn } from '../graph/transport.ts';
import { abortable, type Clock, type EndSignal } from '../shared/clock.ts';
import { type ProxySettings, proxyFor } from '../shared/proxy.ts';
import { createProxyAgent } from '../shared/tunnel.ts';

/** What leads to an authority. */
export interface AuthorityWay {
  /** Certificates of authorities to trust beside the machine's own, in PEM. */
  readonly certificateAuthorities?: readonly string[] | undefined;
  /** The forward proxies that may lead there. */
  readonly proxies?: ProxySettings | undefined;
}

/** Makes the connections to an origin, none of them before it is needed. */
export function connectTo(
  origin: URL,
  { certificateAuthorities, proxies }: AuthorityWay,
  connections: number,
  connectTimeoutMs: number,
): Dispatcher {
  const options = {
    connections,
    maxHeaderSize: 16 * 1024,
    // Deadlines are signals of ours; undici's own timers are coarse and would only add a second, different truth.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs, ...trustIn(certificateAuthorities) },
  };
  const proxy = proxyFor(origin, proxies);
  return proxy ? createProxyAgent(proxy, options) : new Pool(origin.origin, options);
}

const maximumBytes = 256 * 1024;

/** Reads a body; undefined if it is larger than any that an authority sends. */
export async function readBounded(body: AsyncIterable<unknown>): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk as Uint8Array);
    length += bytes.length;
    if (length > maximumBytes) {
      return undefined;
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

interface Limit {
  readonly clock: Clock;
  readonly limitMs: number;
  readonly end: EndSignal;
  readonly errorOf: (why: 'late' | 'ended') => Error;
}

/** Runs work with a signal that fires after the limit or with `end`, and rejects then, whatever the work waits for. */
export async function withinLimit<Result>(
  { clock, limitMs, end, errorOf }: Limit,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const limit = new AbortController();
  const giveUp = (): void => limit.abort();
  const stopTimer = clock.startTimer(limitMs, giveUp);
  end.addEventListener('abort', giveUp);
  if (end.aborted) {
    giveUp();
  }
  try {
    return await abortable(limit.signal, work(limit.signal), () =>
      errorOf(end.aborted ? 'ended' : 'late'),
    );
  } finally {
    stopTimer();
    end.removeEventListener('abort', giveUp);
  }
}
