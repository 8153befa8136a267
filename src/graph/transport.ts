import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { Dispatcher } from 'undici';
import Client from 'undici/lib/dispatcher/client.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Clock, EndSignal } from '../shared/clock.ts';
import type { createProxyAgent } from '../shared/tunnel.ts';
import { abortErrorOf, GraphError, networkErrorOf } from './errors.ts';
import { type GraphAttempt, type GraphResponse, isWrite, operations } from './request.ts';

/** No answer is read that has more bytes, on the wire or unpacked. */
export const maximumBodyBytes = 4 * 1024 * 1024;
/** Interim answers (1xx) that are taken for one request. */
const maximumInterimResponses = 16;

/**
 * Makes what carries one attempt to Graph over undici's connections, and its answer back as it came. The headers are all
 * that go out; the signal fires when the attempt has taken too long, while there may be time for another.
 *
 * It speaks the dispatcher's own interface, because `pool.request` hides what decides a doubtful write: whether the
 * request had begun to go out when it failed. It also waits for a connection attempt to end before it honours a
 * signal; here a signal rejects at once.
 */
export function createTransport(connections: ReturnType<typeof createConnections>) {
  return (
    attempt: GraphAttempt,
    headers: Readonly<Record<string, string>>,
    attemptSignal?: EndSignal,
  ): Promise<GraphResponse> =>
    new Promise((resolve, reject) => {
      const { operation, url, body = null, onNewConnection = false, call } = attempt;
      const { signal, writeSignal } = call;
      const chunks: Buffer[] = [];
      let controller: Dispatcher.DispatchController | undefined;
      let failure: GraphError | undefined;
      let receivedBytes = 0;
      let interimResponses = 0;
      let status = 0;
      let responseHeaders: GraphResponse['headers'] = {};

      const wasSent = (): boolean => controller !== undefined;
      const mayHaveBeenApplied = (): boolean => wasSent() && isWrite(operation);

      function onEnd(): void {
        const isInDoubt = mayHaveBeenApplied();
        // No caller is left to see the outcome, but cutting a write off in the middle would leave it in doubt for good.
        if (!isInDoubt || writeSignal.aborted) {
          fail(abortErrorOf(writeSignal.aborted ? writeSignal : signal, isInDoubt));
        }
      }

      function onAttemptLimit(): void {
        const fault = wasSent() ? 'broken' : 'not-connected';
        const details = { mayHaveBeenApplied: mayHaveBeenApplied(), fault } as const;
        fail(new GraphError('timeout', 'Microsoft Graph took too long to answer.', details));
      }

      function stopListening(): void {
        signal.removeEventListener('abort', onEnd);
        writeSignal.removeEventListener('abort', onEnd);
        attemptSignal?.removeEventListener('abort', onAttemptLimit);
      }

      function fail(error: GraphError): void {
        if (failure === undefined) {
          failure = error;
          stopListening();
          reject(error);
          controller?.abort(error);
        }
      }

      function failProtocol(message: string): void {
        fail(new GraphError('badResponse', message, { mayHaveBeenApplied: mayHaveBeenApplied() }));
      }

      const handler: Dispatcher.DispatchHandler = {
        // The connection is there and the request is about to be written: from here on a write may be executed.
        onRequestStart(started) {
          if (failure) {
            started.abort(failure);
          } else {
            controller = started;
          }
        },
        onResponseStart(_controller, answered, answeredHeaders) {
          if (answered >= 200) {
            status = answered;
            responseHeaders = answeredHeaders;
            return;
          }
          interimResponses += 1;
          if (interimResponses > maximumInterimResponses) {
            failProtocol('Microsoft Graph sent interim answers without end.');
          }
        },
        onResponseData(_controller, chunk) {
          receivedBytes += chunk.length;
          if (receivedBytes > maximumBodyBytes) {
            failProtocol('Microsoft Graph sent a larger answer than this gateway reads.');
          } else {
            chunks.push(chunk);
          }
        },
        onResponseEnd() {
          stopListening();
          const [only = Buffer.alloc(0)] = chunks;
          const all = chunks.length > 1 ? Buffer.concat(chunks) : only;
          resolve({ status, headers: responseHeaders, body: all });
        },
        onResponseError(_controller, cause) {
          fail(networkErrorOf({ cause, wasSent: wasSent(), isWrite: isWrite(operation) }));
        },
      };

      if (signal.aborted) {
        reject(abortErrorOf(signal));
        return;
      }
      signal.addEventListener('abort', onEnd);
      writeSignal.addEventListener('abort', onEnd);
      attemptSignal?.addEventListener('abort', onAttemptLimit);
      const { method } = operations[operation];
      const path = `${url.pathname}${url.search}`;
      // Deadlines are signals of ours; undici's own timers are coarse and would only add a second, different truth.
      const timeouts = { headersTimeout: 0, bodyTimeout: 0 };
      connections.dispatch({ method, path, headers, body, ...timeouts }, handler, onNewConnection);
    });
}

let last: { readonly authorities: string; readonly secureContext: SecureContext } | undefined;

/**
 * For a connection: trust in authorities beside the machine's own, each in PEM. Node.js takes tens of milliseconds to
 * read all of them, so it does not for each connection, nor for each of the gateway's clients.
 */
export function trustIn(certificateAuthorities: readonly string[] | undefined): {
  readonly secureContext?: SecureContext;
} {
  if (certificateAuthorities === undefined) {
    return {};
  }
  const authorities = certificateAuthorities.join('\n');
  if (last?.authorities !== authorities) {
    const ca = [...rootCertificates, ...certificateAuthorities];
    last = { authorities, secureContext: createSecureContext({ ca }) };
  }
  return { secureContext: last.secureContext };
}

interface ConnectionOptions {
  /** How many there are at the most at one time. */
  readonly limit: number;
  /** How long one may take to be made, TLS included. */
  readonly connectTimeoutMs: number;
  /** After how long no request takes one any more, so that a changed address is seen. */
  readonly maximumLifeMs: number;
  readonly clock: Clock;
  /** Certificates of authorities to trust beside the machine's own, in PEM. */
  readonly certificateAuthorities?: readonly string[] | undefined;
  /** Makes connections inside tunnels of the forward proxy that leads there, if there is one. */
  readonly tunnel?: ((options: Parameters<typeof createProxyAgent>[1]) => Dispatcher) | undefined;
}

/** Of one answer's headers. */
const maximumHeaderBytes = 16 * 1024;

/** Makes the connections to one origin, none of them before it is needed. */
export function createConnections(origin: string, options: ConnectionOptions) {
  const { limit, connectTimeoutMs, maximumLifeMs, clock, certificateAuthorities, tunnel } = options;
  const common = {
    maxHeaderSize: maximumHeaderBytes,
    connect: { timeout: connectTimeoutMs, ...trustIn(certificateAuthorities) },
  };
  const createPool = (): Dispatcher =>
    tunnel
      ? tunnel({ ...common, connections: limit })
      : new Pool(origin, { ...common, connections: limit });
  let pool = createPool();
  let poolSinceMs = clock.now();
  /** Those that close once what they carry is answered: of one request, or too old for another one. */
  const closing = new Set<Dispatcher>();
  let isClosed = false;

  function closeWhenDone(dispatcher: Dispatcher): void {
    closing.add(dispatcher);
    const forget = (): boolean => closing.delete(dispatcher);
    dispatcher.close().then(forget, forget);
  }

  /** All of them are renewed together: each request takes any of them, so no other one tells how old it is. */
  function renewPool(): void {
    const nowMs = clock.now();
    // If the clock was set back, their age counts from there.
    if (Math.abs(nowMs - poolSinceMs) >= maximumLifeMs && !isClosed) {
      closeWhenDone(pool);
      pool = createPool();
      poolSinceMs = nowMs;
    }
  }

  return {
    /** Sends over a connection that is kept for the next request, or over one of its own that is closed afterwards. */
    dispatch(
      request: Dispatcher.DispatchOptions,
      handler: Dispatcher.DispatchHandler,
      onNewConnection: boolean,
    ): void {
      // Once closed, the pool rejects for both.
      if (onNewConnection && !isClosed) {
        const client = tunnel ? tunnel({ ...common, connections: 1 }) : new Client(origin, common);
        client.dispatch({ ...request, origin, reset: true }, handler);
        closeWhenDone(client);
      } else {
        renewPool();
        pool.dispatch({ ...request, origin }, handler);
      }
    },
    /** Cuts all of them; none is made after that. */
    async close(): Promise<void> {
      isClosed = true;
      await Promise.all([pool, ...closing].map((dispatcher) => dispatcher.destroy()));
    },
  };
}
