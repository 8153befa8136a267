import { types } from 'node:util';
import { type Dispatcher, Pool } from 'undici';
import { trustIn } from '../../graph/connections.ts';
import {
  GraphCredentialError,
  GraphRejectedLocallyError,
  isGraphError,
} from '../../graph/errors.ts';
import { networkErrorOf } from '../../graph/networkError.ts';
import { createProxyAgent } from '../../graph/tunnel.ts';
import {
  type AttemptEnd,
  type CircuitState,
  createCircuit,
  type UpstreamOutcome,
} from '../../shared/circuitBreaker.ts';
import type { Clock } from '../../shared/clock.ts';
import { type ConcurrencyOptions, createConcurrencyLimit } from '../../shared/concurrencyLimit.ts';
import { parseJson } from '../../shared/json.ts';
import { isLoopback, type ProxySettings, proxyFor } from '../../shared/proxy.ts';
import type { Log } from '../../telemetry/log.ts';

/** One request for a token. */
interface TokenRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
}

export interface TokenAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body; undefined if it is no JSON. */
  readonly json: unknown;
}

/** The way to one token endpoint, and to nowhere else. */
export interface TokenTransport {
  /** @throws GraphCredentialError if no answer came that can be read. */
  send(request: TokenRequest): Promise<TokenAnswer>;
  /** Cuts all connections. */
  close(): Promise<void>;
}

interface TokenTransportOptions {
  /** Certificates of authorities to trust beside the machine's own, in PEM. */
  readonly certificateAuthorities?: readonly string[] | undefined;
  /** The forward proxies; never given for a managed identity, which answers on this machine only. */
  readonly proxies?: ProxySettings | undefined;
  /** Only for a machine's own metadata service, which has no certificate. */
  readonly allowsPlainHttp?: boolean;
}

const connectTimeoutMs = 5_000;
/** A silent endpoint must not take all of the machine's sockets; what waits for one has its own deadline. */
const maximumConnections = 128;
const maximumBytes = 256 * 1024;

/**
 * Makes the way to an origin: one over https, or this machine's own. Redirects are not followed: a client's secret goes
 * to one place only.
 */
export function createTokenTransport(
  origin: URL,
  { certificateAuthorities, proxies, allowsPlainHttp = false }: TokenTransportOptions = {},
): TokenTransport {
  if (origin.protocol !== 'https:' && !allowsPlainHttp && !isLoopback(origin.hostname)) {
    throw new TypeError('Tokens are requested over https only.');
  }
  const proxy = proxyFor(origin, proxies);
  const options = {
    connections: maximumConnections,
    // Deadlines are signals of ours; undici's own timers are coarse.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs, ...trustIn(certificateAuthorities) },
  };
  const pool = proxy ? createProxyAgent(proxy, options) : new Pool(origin.origin, options);
  return {
    async send({ url, method, headers, body, signal }) {
      if (url.origin !== origin.origin) {
        throw unavailable('The token request would go to another origin, so nothing was sent.');
      }
      const path = `${url.pathname}${url.search}`;
      const identity = { ...headers, 'accept-encoding': 'identity' };
      return pool
        .request({
          origin: origin.origin,
          path,
          method,
          headers: identity,
          body: body ?? null,
          signal,
        })
        .then(readAnswer)
        .catch((cause: unknown) => {
          throw cause instanceof GraphCredentialError ? cause : brokenBy(cause);
        });
    },
    close: () => pool.destroy(),
  };
}

async function readAnswer(response: Dispatcher.ResponseData): Promise<TokenAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    const part = Buffer.from(chunk as Uint8Array);
    bytes += part.length;
    if (bytes > maximumBytes) {
      throw unavailable('The token endpoint sent a larger answer than this gateway reads.');
    }
    chunks.push(part);
  }
  const json = parseJson(Buffer.concat(chunks).toString('utf8'));
  return { status: response.statusCode, headers: response.headers, json };
}

function brokenBy(cause: unknown): GraphCredentialError {
  const error = types.isNativeError(cause) ? cause : new Error('unknown');
  const { message, details } = networkErrorOf({ cause: error, wasSent: true, isWrite: false });
  const { fault } = details;
  if (fault === 'proxy-credentials') {
    return unavailable(message, { cause, fault });
  }
  return fault === 'untrusted'
    ? unavailable("The token endpoint's certificate cannot be trusted.", { cause, fault })
    : // Nothing was sent to Graph, whatever became of this request, so the whole attempt may be repeated.
      unavailable('The token endpoint could not be reached.', { cause, fault: 'not-connected' });
}

function unavailable(
  message: string,
  details: ConstructorParameters<typeof GraphCredentialError>[2] = {},
): GraphCredentialError {
  return new GraphCredentialError('unavailable', message, details);
}

export interface GuardOptions {
  /**
   * Whether a 5xx says that the endpoint is down. It does where all tokens are one's own; where each is another user's,
   * an answer speaks of that user alone, and no other caller may wait for it.
   */
  readonly countsAnswers: boolean;
  readonly openMs?: number;
  readonly turns?: ConcurrencyOptions;
}

export interface GuardParts {
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  readonly onBreaker?: ((state: CircuitState, upstream: 'authority') => void) | undefined;
  readonly onHeldBack?:
    | ((reason: 'breaker' | 'bulkhead', upstream: 'authority') => void)
    | undefined;
}

/** As many as there are connections, and as many callers as would wait for Graph itself. */
const usualTurns: ConcurrencyOptions = { concurrency: 128, queue: 512 };
const usualOpenMs = 5_000;
/** A silence counts only if it lasted this long: half of what an acquisition may take. */
const slowMs = 5_000;
const retryAfterMs = 1_000;

/** Fails at once while the endpoint cannot be reached, and bounds what is asked of it and what waits for that. */
export function guardTransport(
  transport: TokenTransport,
  { countsAnswers, openMs = usualOpenMs, turns: turnOptions = usualTurns }: GuardOptions,
  { clock, log, chance, onBreaker, onHeldBack }: GuardParts,
): TokenTransport {
  const circuit = createCircuit(
    { openMs },
    {
      now: clock.now,
      chance,
      onState(state) {
        log.warn('The breaker towards the token endpoint changed its state', { state });
        onBreaker?.(state, 'authority');
      },
      rejectedLocally() {
        onHeldBack?.('breaker', 'authority');
        const message =
          'The token endpoint is down as far as this gateway can see; nothing was sent.';
        return new GraphRejectedLocallyError('unavailable', message);
      },
    },
  );
  const turns = createConcurrencyLimit(turnOptions, {
    full() {
      onHeldBack?.('bulkhead', 'authority');
      const message = 'The queue for the token endpoint is full, so nothing was sent.';
      return new GraphRejectedLocallyError('overloaded', message, { retryAfterMs });
    },
    ended: () => new GraphCredentialError('unavailable', 'No token request could start in time.'),
  });
  return {
    send: (request) =>
      turns.run(request.signal, () =>
        circuit.run(
          () => transport.send(request),
          (end) => judgeTokenEnd(end, { countsAnswers, wasEnded: request.signal.aborted }),
        ),
      ),
    close: () => transport.close(),
  };
}

/** Judges how one request for a token ended; `wasEnded` where the gateway itself gave it up. */
export function judgeTokenEnd(
  end: AttemptEnd<TokenAnswer>,
  { countsAnswers, wasEnded }: { readonly countsAnswers: boolean; readonly wasEnded: boolean },
): UpstreamOutcome {
  if ('answer' in end) {
    const isFault = end.answer.status >= 500 && end.answer.status !== 501;
    if (!isFault) {
      return 'up';
    }
    return countsAnswers ? 'down' : 'there';
  }
  const fault = isGraphError(end.error) ? end.error.details.fault : undefined;
  if (fault !== 'not-connected' && fault !== 'untrusted' && fault !== 'proxy-credentials') {
    return 'nothing';
  }
  return wasEnded && end.durationMs < slowMs ? 'nothing' : 'down';
}
