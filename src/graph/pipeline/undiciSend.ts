import type { Dispatcher, Pool } from 'undici';
import {
  GraphDeadlineError,
  type GraphError,
  GraphNetworkError,
  GraphProtocolError,
} from '../errors.ts';
import { isWrite, methodOf } from '../operation.ts';
import type { AbortReason, GraphRequest, GraphResponse, Send } from './pipeline.ts';

const maximumBodyBytes = 8 * 1024 * 1024;
const maximumInterimResponses = 16;

/**
 * Sends over undici's pool, the only place that knows undici.
 *
 * It speaks the dispatcher's own interface, because `pool.request` hides what a doubtful write hangs on: whether the
 * request had begun to go out when it failed. It also waits for a connection attempt to end before it honours a
 * signal; here a signal rejects at once.
 */
export function createUndiciSend(pool: Pool): Send {
  return (request) =>
    new Promise((resolve, reject) => {
      new Exchange(request, resolve, reject).start(pool);
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

  start(pool: Pool): void {
    const { operation, url, headers, body, call } = this.#request;
    if (call.deadline.aborted || call.callerLeft.aborted) {
      this.#fail(this.#abortError(call.deadline.aborted ? 'deadline' : 'callerLeft'));
      return;
    }
    call.deadline.addEventListener('abort', this.#onDeadline);
    call.callerLeft.addEventListener('abort', this.#onCallerLeft);
    const path = `${url.pathname}${url.search}`;
    // Deadlines are the call's signals; undici's own timers are coarse and would only add a second, different truth.
    const timeouts = { headersTimeout: 0, bodyTimeout: 0 };
    pool.dispatch(
      { method: methodOf(operation), path, headers, body: body ?? null, ...timeouts },
      this,
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
    const mayHaveBeenApplied = this.#mayHaveBeenApplied();
    const message = this.#controller
      ? 'The connection to Microsoft Graph broke before its answer was complete.'
      : 'No connection to Microsoft Graph could be made.';
    this.#fail(new GraphNetworkError('unavailable', message, { cause, mayHaveBeenApplied }));
  }

  readonly #onDeadline = (): void => this.#fail(this.#abortError('deadline'));

  readonly #onCallerLeft = (): void => {
    // Nobody is told the outcome any more, but cutting a write off in the middle would leave it in doubt for good.
    if (!this.#mayHaveBeenApplied()) {
      this.#fail(this.#abortError('callerLeft'));
    }
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
    this.#request.call.deadline.removeEventListener('abort', this.#onDeadline);
    this.#request.call.callerLeft.removeEventListener('abort', this.#onCallerLeft);
  }

  #mayHaveBeenApplied(): boolean {
    return this.#controller !== undefined && isWrite(this.#request.operation);
  }

  #protocolError(message: string): GraphProtocolError {
    const mayHaveBeenApplied = this.#mayHaveBeenApplied();
    return new GraphProtocolError('badResponse', message, { mayHaveBeenApplied });
  }

  #abortError(reason: AbortReason): GraphDeadlineError {
    const mayHaveBeenApplied = this.#mayHaveBeenApplied();
    return reason === 'deadline'
      ? new GraphDeadlineError(
          'timeout',
          "Microsoft Graph did not answer within the operation's time.",
          {
            mayHaveBeenApplied,
          },
        )
      : new GraphDeadlineError(
          'callerLeft',
          'The caller went away before Microsoft Graph answered.',
        );
  }
}
