import type { Dispatcher } from 'undici';
import type { EndSignal } from '../shared/abort.ts';
import type { Connections } from './connections.ts';
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
export function createTransport(connections: Pick<Connections, 'dispatch'>): Transport {
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
