import type { Exchange, ProxiedRequest, RequestFault, RequestHead } from './fault.ts';
import { passOn } from './faults/passOn.ts';
import { httpAnswer, toBytes } from './httpAnswer.ts';
import { type RequestReader, UnreadableRequest } from './requestReader.ts';
import { standInAnswer } from './standInAnswer.ts';
import type { Wire } from './wire.ts';

/** What a connection needs of the proxy. */
export interface Stage extends Pick<Exchange, 'origin' | 'nowMs' | 'wait'> {
  /** Notes that a request came, and says what strikes it. */
  meet(head: RequestHead): RequestFault | undefined;
  /** Has the upstream execute a request, and notes it. */
  execute: (request: ProxiedRequest) => ReturnType<Exchange['execute']>;
}

/** One client's connection. */
export interface ServedConnection {
  /** Whether it waits for its next request. */
  readonly isIdle: boolean;
  readonly wire: Wire;
}

/** Serves the requests of a connection in their order until either side ends it. Never rejects. */
export function serveConnection(
  reader: RequestReader,
  wire: Wire,
  stage: Stage,
): ServedConnection & { readonly ended: Promise<void> } {
  let isIdle = true;

  async function serve(): Promise<void> {
    while (wire.isOpen) {
      const head = await reader.readHead();
      if (head === undefined) {
        return;
      }
      isIdle = false;
      await serveRequest(head, reader, wire, stage);
      isIdle = true;
    }
  }

  const ended = serve().catch(async (error: unknown) => {
    if (error instanceof UnreadableRequest) {
      await wire.write(toBytes(httpAnswer(400, {}, `This proxy cannot read ${error.message}`)));
      wire.finish();
    } else {
      // The upstream broke off, and so does the proxy.
      wire.reset();
    }
  });
  return {
    wire,
    ended,
    get isIdle() {
      return isIdle;
    },
  };
}

async function serveRequest(
  head: RequestHead,
  reader: RequestReader,
  wire: Wire,
  stage: Stage,
): Promise<void> {
  const fault = stage.meet(head) ?? passOn;
  const body = fault.at === 'head' ? Buffer.alloc(0) : await reader.readBody(head);
  if (body === undefined) {
    return;
  }
  const request = { ...head, body };
  let execution: ReturnType<Exchange['execute']> | undefined;
  const execute: Exchange['execute'] = () => {
    execution ??= stage.execute(request);
    return execution;
  };
  const answer = fault.executes ? await execute() : standInAnswer(request);
  const { origin, nowMs } = stage;
  const wait: Exchange['wait'] = (ms) => wire.hold(stage.wait(ms));
  await fault.play({ request, answer, wire, origin, nowMs, wait, execute });
  if (head.headers['connection']?.toLowerCase() === 'close') {
    wire.finish();
  }
}
