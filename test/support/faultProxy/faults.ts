import { setImmediate as nextTurn } from 'node:timers/promises';
import { intuneErrors } from '../intuneErrors.ts';
import { type ConnectionFault, type Exchange, passOn, type RequestFault } from './fault.ts';
import {
  type Framing,
  type HttpAnswer,
  headOf,
  httpAnswer,
  isBodiless,
  jsonType,
  toBytes,
} from './http.ts';

const connectionFault = (play: ConnectionFault['play']) => (): ConnectionFault => ({
  at: 'connection',
  play,
});

/** Accepts and never says a word, so that a TLS handshake hangs, and so does a request without TLS. */
export const hangAtConnect = connectionFault((wire) => wire.untilGone());

/** Sends RST as soon as it has accepted. */
export const resetAtConnect = connectionFault((wire) => wire.reset());

/** Sends FIN as soon as it has accepted. */
export const closeAtConnect = connectionFault((wire) => {
  wire.finish();
  return wire.untilGone();
});

/** A fault that strikes in place of the execution. */
export const fault = (play: RequestFault['play']): RequestFault => ({
  at: 'request',
  executes: false,
  play,
});

/** Sends RST in place of an answer. */
export const reset = (): RequestFault => fault(({ wire }) => wire.reset());

/** Sends FIN in place of an answer. */
export const hangUp = (): RequestFault => fault(({ wire }) => wire.finish());

/** Never answers. */
export const silence = (): RequestFault => fault(({ wire }) => wire.untilGone());

/** How an answer ends that is not complete: never, with RST or with FIN. */
export type End = 'stall' | 'reset' | 'close';

async function endWith(wire: Exchange['wire'], end: End): Promise<void> {
  if (end === 'stall') {
    return wire.untilGone();
  }
  // A client that finds RST together with bytes takes it for FIN; let it read them first.
  for (let turn = 0; end === 'reset' && turn < 5; turn += 1) {
    await nextTurn();
  }
  return end === 'reset' ? wire.reset() : wire.finish();
}

/**
 * Closes a connection that was kept alive while the client sends its next request on it: the request is lost, and the
 * client cannot tell this from a request that was executed.
 */
export const closeAsItSends = (end: End): RequestFault => ({
  ...fault(({ wire }) => endWith(wire, end)),
  at: 'head',
  fits: ({ isOnUsedConnection }) => isOnUsedConnection,
});

/** The head of an answer to be continued; without a body, it lacks its end. */
const headToBeContinued = (answer: HttpAnswer, framing: Framing): string =>
  isBodiless(answer) ? headOf(answer).slice(0, -'\r\n'.length) : headOf(answer, framing);

/** Sends the head of the answer and nothing of its body. */
export const headThen = (end: End): RequestFault =>
  fault(async ({ wire, answer }) => {
    await wire.write(headToBeContinued(answer, answer.body.length));
    await endWith(wire, end);
  });

/**
 * Sends a body whose end is missing: short of its announced length, without its last chunk, or, if only the end of the
 * connection tells, without a sign of it. It is cut behind JSON that is complete in itself, or in the middle.
 */
export const cut = (
  framing: 'length' | 'chunked' | 'untilClose',
  place: 'after the JSON' | 'in the JSON',
  end: End,
): RequestFault =>
  fault(async ({ wire, answer }) => {
    const { body } = answer;
    const isWhole = place === 'after the JSON';
    const part = isWhole ? body : body.subarray(0, Math.ceil(body.length / 2));
    const announced = framing === 'length' ? body.length + (isWhole ? 16 : 0) : framing;
    await wire.write(headToBeContinued(answer, announced));
    if (part.length > 0) {
      const size = framing === 'chunked' ? `${part.length.toString(16)}\r\n` : '';
      const behind = framing === 'chunked' ? '\r\n' : '';
      await wire.write(Buffer.concat([Buffer.from(size), part, Buffer.from(behind)]));
    }
    await endWith(wire, end);
  });

/** Sends the answer byte by byte, from the first one of its head or of its body. */
export const drip = (everyMs: number, from: 'head' | 'body'): RequestFault =>
  fault(async ({ wire, answer }) => {
    const bytes = toBytes(answer);
    const start = from === 'head' ? 0 : bytes.indexOf('\r\n\r\n') + 4;
    void wire.write(bytes.subarray(0, start));
    for (let index = start; index < bytes.length && wire.isOpen; index += 1) {
      void wire.write(bytes.subarray(index, index + 1));
      await wire.wait(everyMs);
    }
  });

/** Sends this many interim answers before the answer, endlessly by default. */
export const interimFlood = (count = Number.POSITIVE_INFINITY): RequestFault =>
  fault(async ({ wire, answer }) => {
    for (let sent = 0; sent < count && wire.isOpen; sent += 1) {
      await wire.write('HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n');
      // A write can be done without a turn of the event loop; a flood would leave its client no time to notice.
      await nextTurn();
    }
    await wire.write(toBytes(answer));
  });

/** Keeps the upstream's answer back for a time; it is executed at once. */
export const slow = (delayMs: number): RequestFault => ({
  ...passOn,
  async play(exchange) {
    await exchange.wire.wait(delayMs);
    await passOn.play(exchange);
  },
});

/** Executes the request late, even when its client has left long ago, as a request that is stuck on its way. */
export const lateExecution = (delayMs: number): RequestFault =>
  fault(async ({ wire, wait, execute }) => {
    await wait(delayMs);
    await wire.write(toBytes(await execute()));
  });

/** A fault that a test lets go on. */
export type HeldFault = ReturnType<typeof held>;

/** Has the request executed at once; sends so much of the upstream's answer, and the rest when it is released. */
export function held(share: 0 | 0.5 = 0) {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  return {
    ...passOn,
    release: () => release(),
    async play({ wire, answer }: Exchange) {
      const bytes = toBytes(answer);
      const middle = Math.ceil(bytes.length * share);
      if (middle > 0) {
        await wire.write(bytes.subarray(0, middle));
      }
      await wire.untilGone(released);
      await wire.write(bytes.subarray(middle));
    },
  };
}

/** Sends the given answer in place of the upstream's. */
export const answers = (make: (exchange: Exchange) => HttpAnswer): RequestFault =>
  fault((exchange) => exchange.wire.write(toBytes(make(exchange))));

/** What a Retry-After says: a text as it is, or an HTTP date so many seconds from the answer's time. */
export type RetryAfter = string | { readonly dateInSeconds: number };

const graphCodes: Readonly<Record<number, string>> = {
  429: 'TooManyRequests',
  500: 'InternalServerError',
  502: 'BadGateway',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
};

/** Answers with a status and an error as Graph writes it. */
export const status = (code: number, retryAfter?: RetryAfter): RequestFault =>
  answers(({ nowMs }) => {
    const text =
      typeof retryAfter === 'object'
        ? new Date(nowMs() + retryAfter.dateInSeconds * 1000).toUTCString()
        : retryAfter;
    const error = intuneErrors.plainWithTail(graphCodes[code] ?? 'UnknownError', 'Injected');
    return httpAnswer(code, { ...jsonType, 'retry-after': text }, error);
  });

/** Answers 200 with a page for people, as captive portals and proxies do. */
export const htmlPage = (): RequestFault =>
  answers(() =>
    httpAnswer(200, { 'content-type': 'text/html' }, '<!doctype html><title>Welcome</title>'),
  );

export const noContent = (): RequestFault => answers(() => httpAnswer(204));

/** Answers 200 with any JSON, or with a text that is none. */
export const jsonText = (text: string): RequestFault =>
  answers(() => httpAnswer(200, jsonType, text));

/** Sends the client elsewhere. */
export const redirect = (code: 302 | 303 | 307 | 308, to: URL): RequestFault =>
  answers(() => httpAnswer(code, { location: to.href }));

/** Answers 401 as Graph does to a token that is out of date, or that misses claims. */
export function unauthenticated(claims?: object): RequestFault {
  const encoded = Buffer.from(JSON.stringify(claims ?? {})).toString('base64');
  const [challenge, text] =
    claims === undefined
      ? ['error="invalid_token"', 'Access token has expired.']
      : [
          `authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="${encoded}"`,
          'Continuous access evaluation',
        ];
  const headers = { ...jsonType, 'www-authenticate': `Bearer realm="", ${challenge}` };
  const error = intuneErrors.plainWithTail('InvalidAuthenticationToken', text);
  return answers(() => httpAnswer(401, headers, error));
}
