import type { Dispatcher } from 'undici';
import { endedErrorOf } from './endedError.ts';
import { GraphDeadlineError, type GraphError, GraphProtocolError } from './errors.ts';
import { networkErrorOf } from './networkError.ts';
import { isWrite, methodOf } from './operation.ts';
import { maximumBodyBytes, maximumInterimResponses } from './pipeline/transport/bounds.ts';
import type { Connections } from './pipeline/transport/connections.ts';
import type { GraphRequest, GraphResponse, Send } from './request.ts';

/**
 * Sends over undici's connections.
 *
 * It speaks the dispatcher's own interface, because `pool.request` hides what a doubtful write hangs on: whether the
 * request had begun to go out when it failed. It also waits for a connection attempt to end before it honours a
 * signal; here a signal rejects at once.
 */
export function createUndiciSend(connections: Pick<Connections, 'dispatch'>): Send {
  return (request) =>
    new Promise((resolve, reject) => {
      new Exchange(request, resolve, reject).start(connections);
    });
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: GraphRequest;
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
    request: GraphRequest,
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
      this.#fail(endedErrorOf(call.signal));
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
    // Nobody is told the outcome any more, but cutting a write off in the middle would leave it in doubt for good.
    const isFinished = this.#mayHaveBeenApplied() && !writeSignal.aborted;
    if (!isFinished) {
      const ended = writeSignal.aborted ? writeSignal : signal;
      this.#fail(endedErrorOf(ended, this.#mayHaveBeenApplied()));
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
