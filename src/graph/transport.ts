import type { Dispatcher } from 'undici';
import Client from 'undici/lib/dispatcher/client.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Clock } from '../shared/clock.ts';
import { abortErrorOf, GraphDeadlineError, type GraphError, GraphProtocolError } from './errors.ts';
import { networkErrorOf } from './networkError.ts';
import type { GraphAttempt, GraphResponse, Transport } from './request.ts';
import { trustIn } from './trust.ts';
import type { createProxyAgent } from './tunnel.ts';
import { isWrite, methodOf } from './types.ts';

/**
 * Sends over undici's connections.
 *
 * It speaks the dispatcher's own interface, because `pool.request` hides what decides a doubtful write: whether the
 * request had begun to go out when it failed. It also waits for a connection attempt to end before it honours a
 * signal; here a signal rejects at once.
 */
export function createTransport(connections: Pick<Connections, 'dispatch'>): Transport {
  return (request) =>
    new Promise((resolve, reject) => {
      new Exchange(request, resolve, reject).start(connections);
    });
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: GraphAttempt;
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
    request: GraphAttempt,
    resolve: (response: GraphResponse) => void,
    reject: (error: GraphError) => void,
  ) {
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(connections: Pick<Connections, 'dispatch'>): void {
    const { operation, url, headers, body, call, attemptSignal, onNewConnection } = this.#request;
    if (call.signal.aborted) {
      this.#fail(abortErrorOf(call.signal));
      return;
    }
    call.signal.addEventListener('abort', this.#onEnd);
    call.writeSignal.addEventListener('abort', this.#onEnd);
    attemptSignal?.addEventListener('abort', this.#onAttemptLimit);
    const path = `${url.pathname}${url.search}`;
    // Deadlines are signals of ours; undici's own timers are coarse and would only add a second, different truth.
    const timeouts = { headersTimeout: 0, bodyTimeout: 0 };
    connections.dispatch(
      { method: methodOf(operation), path, headers, body: body ?? null, ...timeouts },
      this,
      onNewConnection === true,
    );
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
      this.#fail(this.#protocolError('Microsoft Graph sent interim answers without end.'));
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes > maximumBodyBytes) {
      this.#fail(
        this.#protocolError('Microsoft Graph sent a larger answer than this gateway reads.'),
      );
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
    const isAWrite = isWrite(this.#request.operation);
    this.#fail(networkErrorOf({ cause, wasSent: this.#wasSent(), isWrite: isAWrite }));
  }

  readonly #onEnd = (): void => {
    const { signal, writeSignal } = this.#request.call;
    // No caller is left to see the outcome, but cutting a write off in the middle would leave it in doubt for good.
    const isFinished = this.#mayHaveBeenApplied() && !writeSignal.aborted;
    if (!isFinished) {
      const ended = writeSignal.aborted ? writeSignal : signal;
      this.#fail(abortErrorOf(ended, this.#mayHaveBeenApplied()));
    }
  };

  readonly #onAttemptLimit = (): void => {
    const message = 'Microsoft Graph took too long to answer.';
    const mayHaveBeenApplied = this.#mayHaveBeenApplied();
    const fault = this.#wasSent() ? 'broken' : 'not-connected';
    this.#fail(new GraphDeadlineError('timeout', message, { mayHaveBeenApplied, fault }));
  };

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
    const { call, attemptSignal } = this.#request;
    call.signal.removeEventListener('abort', this.#onEnd);
    call.writeSignal.removeEventListener('abort', this.#onEnd);
    attemptSignal?.removeEventListener('abort', this.#onAttemptLimit);
  }

  #wasSent(): boolean {
    return this.#controller !== undefined;
  }

  #mayHaveBeenApplied(): boolean {
    return this.#wasSent() && isWrite(this.#request.operation);
  }

  #protocolError(message: string): GraphProtocolError {
    const mayHaveBeenApplied = this.#mayHaveBeenApplied();
    return new GraphProtocolError('badResponse', message, { mayHaveBeenApplied });
  }
}

/** Connections inside tunnels of one forward proxy. */
type Tunnel = (options: Parameters<typeof createProxyAgent>[1]) => Dispatcher;

/** How the connections to one origin are made. */
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
  /** Makes connections through the forward proxy that leads there, if there is one. */
  readonly tunnel?: Tunnel | undefined;
}

/** The connections to one origin. */
interface Connections {
  /** Sends over a connection that is kept for the next request, or over one of its own that is closed afterwards. */
  dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
    onNewConnection: boolean,
  ): void;
  /** Cuts all of them; none is made after that. */
  close(): Promise<void>;
}

/** Makes the connections to one origin, none of them before it is needed. */
export function createConnections(origin: string, options: ConnectionOptions): Connections {
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
    // A clock that was set back counts from there.
    const ageMs = Math.abs(nowMs - poolSinceMs);
    if (ageMs >= maximumLifeMs && !isClosed) {
      closeWhenDone(pool);
      pool = createPool();
      poolSinceMs = nowMs;
    }
  }

  function dispatchOnce(
    request: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): void {
    const client = tunnel ? tunnel({ ...common, connections: 1 }) : new Client(origin, common);
    client.dispatch({ ...request, origin, reset: true }, handler);
    closeWhenDone(client);
  }

  return {
    dispatch(request, handler, onNewConnection) {
      // Once closed, the pool rejects for both.
      if (onNewConnection && !isClosed) {
        dispatchOnce(request, handler);
      } else {
        renewPool();
        pool.dispatch({ ...request, origin }, handler);
      }
    },
    async close() {
      isClosed = true;
      await Promise.all([pool, ...closing].map((dispatcher) => dispatcher.destroy()));
    },
  };
}

/** No answer is read that has more bytes, on the wire or unpacked. */
export const maximumBodyBytes = 4 * 1024 * 1024;
/** Interim answers (1xx) that are taken for one request. */
const maximumInterimResponses = 16;
/** Of one answer's headers. */
const maximumHeaderBytes = 16 * 1024;
/**
 * Values and members in one answer: parsing takes time by their number more than by their bytes, and cannot be
 * interrupted. 1,000 partners with two assignments for each of two platforms have about 40,000.
 */
export const maximumJsonValues = 75_000;
/** Smaller bodies cannot keep the event loop busy; larger ones are worked on in several turns of it. */
export const smallBodyBytes = 32 * 1024;
