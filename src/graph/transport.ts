import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { Dispatcher } from 'undici';
import Client from 'undici/lib/dispatcher/client.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Clock, EndSignal } from '../shared/clock.ts';
import type { createProxyAgent } from '../shared/tunnel.ts';
import { abortErrorOf, GraphError, networkErrorOf } from './errors.ts';
import {
  type GraphAttempt,
  type GraphResponse,
  isWrite,
  operations,
  type Transport,
} from './request.ts';

/** No answer is read that has more bytes, on the wire or unpacked. */
export const maximumBodyBytes = 4 * 1024 * 1024;
/** Interim answers (1xx) that are taken for one request. */
const maximumInterimResponses = 16;

/**
 * Sends over undici's connections.
 *
 * It speaks the dispatcher's own interface, because `pool.request` hides what decides a doubtful write: whether the
 * request had begun to go out when it failed. It also waits for a connection attempt to end before it honours a
 * signal; here a signal rejects at once.
 */
export function createTransport(
  connections: Pick<ReturnType<typeof createConnections>, 'dispatch'>,
): Transport {
  return (attempt, headers, attemptSignal) =>
    new Promise((resolve, reject) => {
      const exchange = new Exchange(attempt, attemptSignal, resolve, reject);
      if (!exchange.isOver()) {
        const { operation, url, body = null, onNewConnection = false } = attempt;
        const { method } = operations[operation];
        const path = `${url.pathname}${url.search}`;
        // Deadlines are signals of ours; undici's own timers are coarse and would only add a second, different truth.
        const timeouts = { headersTimeout: 0, bodyTimeout: 0 };
        connections.dispatch(
          { method, path, headers, body, ...timeouts },
          exchange,
          onNewConnection,
        );
      }
    });
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #attempt: GraphAttempt;
  readonly #attemptSignal: EndSignal | undefined;
  readonly #resolve: (response: GraphResponse) => void;
  readonly #reject: (error: GraphError) => void;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #failure: GraphError | undefined;
  #receivedBytes = 0;
  #interimResponses = 0;
  #status = 0;
  #headers: GraphResponse['headers'] = {};

  constructor(
    attempt: GraphAttempt,
    attemptSignal: EndSignal | undefined,
    resolve: (response: GraphResponse) => void,
    reject: (error: GraphError) => void,
  ) {
    this.#attempt = attempt;
    this.#attemptSignal = attemptSignal;
    this.#resolve = resolve;
    this.#reject = reject;
    const { signal, writeSignal } = attempt.call;
    if (signal.aborted) {
      this.#fail(abortErrorOf(signal));
      return;
    }
    signal.addEventListener('abort', this.#onEnd);
    writeSignal.addEventListener('abort', this.#onEnd);
    attemptSignal?.addEventListener('abort', this.#onAttemptLimit);
  }

  isOver(): boolean {
    return this.#failure !== undefined;
  }

  /** The connection is there and the request is about to be written: from here on a write may be executed. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#failure) {
      controller.abort(this.#failure);
      return;
    }
    this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: GraphResponse['headers'],
  ): void {
    if (status >= 200) {
      this.#status = status;
      this.#headers = headers;
      return;
    }
    this.#interimResponses += 1;
    if (this.#interimResponses > maximumInterimResponses) {
      this.#failProtocol('Microsoft Graph sent interim answers without end.');
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes > maximumBodyBytes) {
      this.#failProtocol('Microsoft Graph sent a larger answer than this gateway reads.');
      return;
    }
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#stopListening();
    const body = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, headers: this.#headers, body: body ?? Buffer.alloc(0) });
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    const isAWrite = isWrite(this.#attempt.operation);
    this.#fail(networkErrorOf({ cause, wasSent: this.#wasSent(), isWrite: isAWrite }));
  }

  readonly #onEnd = (): void => {
    const { signal, writeSignal } = this.#attempt.call;
    const mayHaveBeenApplied = this.#mayHaveBeenApplied();
    // No caller is left to see the outcome, but cutting a write off in the middle would leave it in doubt for good.
    if (!mayHaveBeenApplied || writeSignal.aborted) {
      this.#fail(abortErrorOf(writeSignal.aborted ? writeSignal : signal, mayHaveBeenApplied));
    }
  };

  readonly #onAttemptLimit = (): void => {
    const message = 'Microsoft Graph took too long to answer.';
    const mayHaveBeenApplied = this.#mayHaveBeenApplied();
    const fault = this.#wasSent() ? 'broken' : 'not-connected';
    this.#fail(new GraphError('timeout', message, { mayHaveBeenApplied, fault }));
  };

  #failProtocol(message: string): void {
    const mayHaveBeenApplied = this.#mayHaveBeenApplied();
    this.#fail(new GraphError('badResponse', message, { mayHaveBeenApplied }));
  }

  #fail(error: GraphError): void {
    if (this.#failure) {
      return;
    }
    this.#failure = error;
    this.#stopListening();
    this.#reject(error);
    this.#controller?.abort(error);
  }

  #stopListening(): void {
    const { signal, writeSignal } = this.#attempt.call;
    signal.removeEventListener('abort', this.#onEnd);
    writeSignal.removeEventListener('abort', this.#onEnd);
    this.#attemptSignal?.removeEventListener('abort', this.#onAttemptLimit);
  }

  #wasSent(): boolean {
    return this.#controller !== undefined;
  }

  #mayHaveBeenApplied(): boolean {
    return this.#wasSent() && isWrite(this.#attempt.operation);
  }
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
