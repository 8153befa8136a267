import type { Exchange, RequestFault } from '../fault.ts';
import { type Framing, type HttpAnswer, headOf, isBodiless, toBytes } from '../httpAnswer.ts';
import { nextTurn } from '../wire.ts';

/** How an answer ends that is not complete: never, with RST or with FIN. */
export type End = 'stall' | 'reset' | 'close';

/** Where an answer is cut: behind JSON that is complete in itself, or in the middle. */
export type CutPlace = 'after the JSON' | 'in the JSON';

type Play = RequestFault['play'];

const fault = (name: string, play: Play): RequestFault => ({
  name,
  at: 'request',
  executes: false,
  play,
});

/** Sends RST in place of an answer. */
export const reset = (): RequestFault => fault('reset', ({ wire }) => wire.reset());

/** Sends FIN in place of an answer. */
export const hangUp = (): RequestFault => fault('hang-up', ({ wire }) => wire.finish());

/** Never answers. */
export const silence = (): RequestFault => fault('silence', ({ wire }) => wire.untilGone());

/**
 * Closes a connection that was kept alive while the client sends its next request on it: the request is lost, and the
 * client cannot tell this from a request that was executed.
 */
export function closeAsItSends(end: Exclude<End, 'stall'> = 'close'): RequestFault {
  return {
    name: `${end} of an idle connection as the client sends`,
    at: 'head',
    fits: ({ isOnUsedConnection }) => isOnUsedConnection,
    executes: false,
    play: ({ wire }) => endWith(wire, end),
  };
}

/** Sends the head of the answer and nothing of its body. Where there is no body, the head lacks its end. */
export function headThen(end: End): RequestFault {
  return fault(`head, then ${end}`, async ({ wire, answer }) => {
    await wire.write(headToBeContinued(answer, { length: answer.body.length }));
    await endWith(wire, end);
  });
}

/**
 * Sends a body whose end is missing: short of its announced length, without its last chunk, or, where only the end of
 * the connection tells, without a sign of it.
 */
export function cut(
  framing: 'length' | 'chunked' | 'untilClose',
  place: CutPlace,
  end: End = 'close',
): RequestFault {
  return fault(`${framing} body cut ${place}, then ${end}`, async ({ wire, answer }) => {
    const { body } = answer;
    const isWhole = place === 'after the JSON';
    const part = isWhole ? body : body.subarray(0, Math.ceil(body.length / 2));
    const announced = framing === 'length' ? { length: body.length + (isWhole ? 16 : 0) } : framing;
    await wire.write(headToBeContinued(answer, announced));
    if (part.length > 0) {
      const isChunk = framing === 'chunked';
      const size = `${part.length.toString(16)}\r\n`;
      await wire.write(isChunk ? Buffer.concat([Buffer.from(size), part, crlf]) : part);
    }
    await endWith(wire, end);
  });
}

/** Sends the answer byte by byte, from the first one of its head or of its body. */
export function drip(everyMs: number, from: 'head' | 'body' = 'head'): RequestFault {
  return fault(`drip from the ${from}`, async ({ wire, answer }) => {
    const bytes = toBytes(answer);
    const start = from === 'head' ? 0 : bytes.indexOf('\r\n\r\n') + 4;
    void wire.write(bytes.subarray(0, start));
    for (let index = start; index < bytes.length && wire.isOpen; index += 1) {
      void wire.write(bytes.subarray(index, index + 1));
      await wire.wait(everyMs);
    }
  });
}

/** Sends this many interim answers before the answer, endlessly by default. */
export function interimFlood(count = Number.POSITIVE_INFINITY): RequestFault {
  return fault('flood of interim answers', async ({ wire, answer }) => {
    for (let sent = 0; sent < count && wire.isOpen; sent += 1) {
      await wire.write('HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n');
      await nextTurn();
    }
    await wire.write(toBytes(answer));
  });
}

const crlf = Buffer.from('\r\n');

function headToBeContinued(answer: HttpAnswer, framing: Framing): string {
  return isBodiless(answer)
    ? headOf(answer, 'none').slice(0, -crlf.length)
    : headOf(answer, framing);
}

async function endWith(wire: Exchange['wire'], end: End): Promise<void> {
  switch (end) {
    case 'stall':
      return wire.untilGone();
    case 'reset':
      // A client that finds RST together with bytes takes it for FIN; let it read them first.
      for (let turn = 0; turn < 5; turn += 1) {
        await nextTurn();
      }
      return wire.reset();
    case 'close':
      return wire.finish();
  }
}
