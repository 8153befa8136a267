import { types } from 'node:util';
import {
  GraphError,
  type GraphErrorDetails,
  isGraphError,
  networkErrorOf,
} from '../../graph/errors.ts';
import { type AttemptEnd, createGuards, type UpstreamOutcome } from '../../graph/guards.ts';
import { parseJson } from '../../shared/json.ts';
import { isLoopback } from '../../shared/proxy.ts';
import { connectTo, readBounded } from '../network.ts';
import type { OutboundParts, TokenAnswer, TokenFlow } from './token.ts';

/** One request for a token: a POST if it has a body. */
interface TokenRequest {
  /** With the query; the origin is always the endpoint's own. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

const limits = { concurrency: 128, queue: 512, breakerOpenMs: 5_000 };
/** A silence counts only if it lasted this long: half of what an acquisition may take. */
const slowMs = 5_000;

/**
 * Makes the way to an origin, over https or on this machine. Redirects are not followed: a client's secret goes to one
 * place only. It fails at once while the endpoint cannot be reached, and bounds what is in flight and what waits.
 */
export function createTokenEndpoint(
  place: URL,
  flow: TokenFlow,
  { clock, log, chance, measurements, certificateAuthorities, proxies }: OutboundParts,
) {
  // The machine's own service has no certificate and is behind no proxy.
  const isOfMachine = flow === 'managed-identity';
  if (place.protocol !== 'https:' && !isOfMachine && !isLoopback(place.hostname)) {
    throw new TypeError('Tokens are requested over https only.');
  }
  const way = { certificateAuthorities, proxies: isOfMachine ? undefined : proxies };
  // A silent endpoint must not take all of the machine's sockets.
  const pool = connectTo(place, way, limits.concurrency, 5_000);
  const { circuit, places } = createGuards('authority', {
    ...limits,
    clock,
    log,
    chance,
    measurements,
    ended: () => unavailable('No token request could start in time.'),
  });

  async function exchange(request: TokenRequest): Promise<TokenAnswer> {
    const { path, body = null, signal } = request;
    const method = body === null ? 'GET' : 'POST';
    const headers = { ...request.headers, 'accept-encoding': 'identity' };
    const options = { origin: place.origin, path, method, headers, body, signal } as const;
    const response = await pool.request(options).catch(fail);
    const bytes = await readBounded(response.body).catch(fail);
    if (bytes === undefined) {
      throw unavailable('The token endpoint sent a larger answer than this gateway reads.');
    }
    const json = parseJson(bytes.toString('utf8'));
    return { status: response.statusCode, headers: response.headers, json };
  }

  function judge(end: AttemptEnd<TokenAnswer>, wasGivenUp: boolean): UpstreamOutcome {
    if ('error' in end) {
      const isBroken = isGraphError(end.error) && end.error.details.fault !== undefined;
      return isBroken && (!wasGivenUp || end.durationMs >= slowMs) ? 'down' : 'nothing';
    }
    // A fault of the exchange for one user speaks of that user alone, and no other caller may wait for it.
    const ofFault = flow === 'on-behalf-of' ? 'there' : 'down';
    return end.answer.status >= 500 && end.answer.status !== 501 ? ofFault : 'up';
  }

  return {
    /** @throws GraphError if no answer came that can be read. */
    send: (request: TokenRequest): Promise<TokenAnswer> =>
      places.run(request.signal, () =>
        circuit.run(
          () => exchange(request),
          (end) => judge(end, request.signal.aborted),
        ),
      ),
    /** Cuts all connections. */
    close: (): Promise<void> => pool.destroy(),
  };
}

function fail(cause: unknown): never {
  const error = types.isNativeError(cause) ? cause : new Error('unknown');
  const { message, details } = networkErrorOf({ cause: error, wasSent: true, isWrite: false });
  const { fault } = details;
  if (fault === 'proxy-credentials') {
    throw unavailable(message, { cause, fault });
  }
  if (fault === 'untrusted') {
    throw unavailable("The token endpoint's certificate cannot be trusted.", { cause, fault });
  }
  // Nothing was sent to Graph, whatever became of this request, so the whole attempt may be repeated.
  throw unavailable('The token endpoint could not be reached.', { cause, fault: 'not-connected' });
}

function unavailable(message: string, details?: GraphErrorDetails): GraphError {
  return new GraphError('unavailable', message, details);
}
